//! Runs that are made: a healthy one, into which at most one fault is built.
//!
//! What a healthy run looks like varies widely: loss by a power law or an exponential towards a floor, noise that is
//! normal or has long tails and shrinks with the loss, an early peak, drops of the learning rate, gaps between steps that
//! jitter, validations that pause the training, memory that fills and then stays, a disk that others use, a GPU that
//! breathes.

use aether_core::Metric;

use super::{Labelled, Point, random::Random};

pub(crate) const FAULTS: &[&str] = &[
    "non_finite",
    "spike",
    "divergence",
    "plateau",
    "gradient_explosion",
    "gradient_vanishing",
    "throughput_drop",
    "stall",
    "idle_accelerator",
    "loader_bound",
    "memory_leak",
    "straggler",
    "overfitting",
    "disk_full",
    "memory_exhausted",
    "time_limit",
    "gpu_failing",
    "quota_full",
];

const GIB: f64 = (1u64 << 30) as f64;

/// One run; the same for the same seed and fault.
pub(crate) fn run(seed: u64, fault: Option<&'static str>) -> Labelled {
    let mut r = Random::new(
        seed.wrapping_mul(7919) ^ fault.map_or(0, |f| f.len() as u64 * 104_729 + u64::from(f.as_bytes()[0])),
    );
    let is = |kind: &str| fault == Some(kind);
    // A plateau has to be seen against a loss that falls, long faults need long runs.
    let steps = r.between(500.0, 1400.0) as u64;
    let length = r.between(700.0, 1500.0);
    let interval = length / steps as f64;
    let onset = (steps as f64 * r.between(0.4, 0.7)) as u64;
    let onset_at = onset as f64 * interval;

    // Loss.
    let first = r.scale(0.5, 10.0);
    let floor = first * r.scale(0.002, 0.5);
    let power = r.chance(0.5);
    let pace = if power { r.between(0.3, 0.9) } else { r.between(2.0, 5.0) };
    let relative = r.scale(0.01, 0.15);
    let tailed = r.chance(0.4);
    let early_peak = r.chance(0.2);
    let drop = r.chance(0.3).then(|| r.between(0.3, 0.8));
    let stuck = is("plateau") && r.chance(0.5);
    let flat_from = onset as f64 * 0.35;
    let spikes = if is("spike") { 1 + r.between(0.0, 2.0) as u64 } else { 0 };
    let spike_height = r.scale(3.0, 30.0);
    let spike_width = 1 + r.between(0.0, 3.0) as u64;
    let diverged = r.scale(1.0, 50.0);

    // Gradients, speed, waiting for data.
    let norm = r.scale(0.05, 20.0);
    let speed = r.scale(10.0, 1e5);
    let share = r.between(0.01, 0.2);
    let slow = r.between(0.25, 0.55);
    let bound = r.between(0.55, 0.9);
    let ranks = if is("straggler") || r.chance(0.2) { 4 + r.between(0.0, 5.0) as u32 } else { 0 };
    let lazy = r.between(1.5, 2.5);

    // Validation.
    let every = (steps as f64 / r.between(12.0, 30.0)) as u64;
    let pause = r.between(0.5, 6.0) * interval;
    let overfit = r.between(0.4, 1.5);
    let dead = is("stall");
    let spins = dead && r.chance(0.25);

    let train = Metric::named("train/loss");
    let val = Metric::named("val/loss");
    let grad = Metric::named("train/grad_norm");
    let rate = Metric::named("samples_per_second");
    let step_time = Metric::named("step_time");
    let data_time = Metric::named("data_time");
    let rank_metrics: Vec<Metric> =
        (0..ranks).map(|rank| Metric::named(&format!("rank/{rank}/step_time"))).collect();
    let slow_rank = r.between(0.0, f64::from(ranks.max(1))) as usize;

    let curve = |x: f64| {
        let x = match drop {
            Some(at) if x > at => x + 0.5 * (x - at) + 0.2,
            _ => x,
        };
        let part = if power { (1.0 + 50.0 * x).powf(-pace) } else { (-pace * x).exp() };
        floor + (first - floor) * part
    };
    let mut points = Vec::new();
    let mut at = 0.0;
    let mut dead_at = None;
    for step in 1..=steps {
        let slowed = is("throughput_drop") && step > onset;
        let waiting = is("loader_bound") && step > onset;
        let factor = if slowed { 1.0 / slow } else { 1.0 };
        at += interval * factor * (1.0 + 0.15 * r.normal().clamp(-2.5, 2.5));
        if dead && step > onset {
            dead_at = Some(at);
            break;
        }
        let x = step as f64 / steps as f64;
        let mut loss = curve(x);
        if early_peak && step < 30 {
            loss *= 1.0 + 0.3 * (step as f64 / 10.0).min(1.0);
        }
        if stuck {
            loss = first;
        } else if is("plateau") && step as f64 > flat_from {
            loss = curve(flat_from / steps as f64);
        }
        let since = step.saturating_sub(onset) as f64;
        if is("divergence") && since > 0.0 {
            loss += first * diverged * (1.0 - (-since / 25.0).exp());
        }
        let noise = if tailed { r.tailed() } else { r.normal() };
        loss *= (relative * noise).exp();
        for n in 0..spikes {
            let place = onset + n * 60;
            if (place..place + spike_width).contains(&step) {
                loss *= 1.0 + spike_height * (1.0 + 3.0 * relative);
            }
        }
        if is("non_finite") && step > onset {
            loss = if seed.is_multiple_of(3) { f64::INFINITY } else { f64::NAN };
        }
        points.push(Point { at, metric: train, step, value: loss });

        let mut g =
            norm * (curve(x) / first).powf(0.3) * (0.25 * if tailed { r.tailed() } else { r.normal() }).exp();
        if is("gradient_explosion") && since > 0.0 {
            g *= (since * 0.25).min(9.0).exp();
        }
        if is("gradient_vanishing") && since > 0.0 {
            g *= (-since * 0.4).max(-25.0).exp();
        }
        points.push(Point { at, metric: grad, step, value: g });

        let jitter = (0.08 * r.tailed()).exp();
        points.push(Point { at, metric: rate, step, value: speed / factor * jitter });
        let took = interval * factor / jitter;
        points.push(Point { at, metric: step_time, step, value: took });
        let part = if waiting { bound } else { share } * (0.2 * r.normal()).exp();
        points.push(Point { at, metric: data_time, step, value: took * part.min(0.98) });
        for (rank, &metric) in rank_metrics.iter().enumerate() {
            let lags = is("straggler") && rank == slow_rank && step > onset;
            let factor = if lags { lazy } else { 1.0 };
            points.push(Point { at, metric, step, value: interval * factor * (0.06 * r.tailed()).exp() });
        }
        if step.is_multiple_of(every) {
            at += pause * r.between(0.8, 1.2);
            let gap = 1.05 + 0.1 * x;
            let mut value = curve(x) * gap;
            if stuck {
                value = first;
            } else if is("plateau") && step as f64 > flat_from {
                value = curve(flat_from / steps as f64) * gap;
            }
            let late = (x - 0.35).max(0.0);
            if is("overfitting") && late > 0.0 {
                value = curve(0.35) * (gap + overfit * late);
            }
            if is("divergence") && since > 0.0 {
                value += first * diverged;
            }
            value *= (0.4 * relative.min(0.05) * r.normal()).exp();
            if is("non_finite") && step > onset {
                value = f64::NAN;
            }
            points.push(Point { at, metric: val, step, value });
        }
    }
    let end = dead_at.map_or(at, |died| died + 300.0);
    // With numbers of its own, so that who has no quota is as without.
    let mut q = Random::new(seed.wrapping_mul(7877) ^ u64::from(is("quota_full")));
    let quota = (is("quota_full") || q.chance(0.5))
        .then(|| Quota { free: q.scale(2.0, 500.0) * GIB, outlives: q.scale(300.0, 20_000.0) });
    machine(&mut r, &mut points, &Machine { fault, end, onset_at, dead_at, spins, quota });
    points.sort_by(|a, b| a.at.total_cmp(&b.at));

    let labels: Vec<&'static str> = fault.into_iter().collect();
    let allowed: &[&str] = match fault {
        // What rises rises with a jump, and its gradients with it.
        Some("divergence") => &["spike", "overfitting"],
        Some("gradient_explosion") => &["spike"],
        Some("non_finite") => &["plateau"],
        Some("throughput_drop") => &["time_limit"],
        Some("memory_leak") => &["memory_exhausted"],
        Some("memory_exhausted") => &["memory_leak"],
        // What the run writes is gone from the disk, too.
        Some("quota_full") => &["disk_full"],
        _ => &[],
    };
    let deadline = if is("time_limit") { Some(at * r.between(0.5, 0.85)) } else { Some(length * 2.0 + 60.0) };
    Labelled {
        name: format!("{}-{seed}", fault.unwrap_or("healthy")),
        labels,
        allowed: allowed.to_vec(),
        points,
        end,
        steps: Some(steps),
        deadline,
    }
}

struct Machine {
    fault: Option<&'static str>,
    end: f64,
    onset_at: f64,
    dead_at: Option<f64>,
    spins: bool,
    quota: Option<Quota>,
}

struct Quota {
    /// Bytes, at the beginning.
    free: f64,
    /// If the run uses it up: how long after its end, in seconds.
    outlives: f64,
}

/// What the machine says meanwhile, every two seconds.
fn machine(r: &mut Random, points: &mut Vec<Point>, m: &Machine) {
    let is = |kind: &str| m.fault == Some(kind);
    let metric = Metric::named;
    let (cpu, rss, available) =
        (metric("system/process/cpu"), metric("system/process/rss"), metric("system/memory_available"));
    let (disk, gpu, held) = (
        metric("system/disk_free"),
        metric("system/gpu/0/utilisation"),
        metric("system/gpu/0/process_memory"),
    );
    let allowed = metric("system/quota/user/free");
    let (other, throttled) = (metric("system/gpu/1/utilisation"), metric("system/gpu/0/throttled"));
    let (ecc, remap) = (metric("system/gpu/0/ecc_uncorrected"), metric("system/gpu/0/remap_pending"));

    let work = r.between(60.0, 800.0);
    let base = r.scale(0.2, 20.0) * GIB;
    let filled = base * r.between(0.1, 1.5);
    let fill_time = r.between(10.0, 150.0);
    let saw = r.chance(0.3).then(|| base * r.between(0.02, 0.15));
    let leak = (0.4 * base / m.end).max(0.25 * GIB / 600.0) * r.between(1.0, 4.0);
    let free_memory = r.scale(4.0, 400.0) * GIB;
    let exhaust = free_memory / (m.end + r.scale(120.0, 3000.0));
    let free_disk = r.scale(5.0, 2000.0) * GIB;
    let used_up = free_disk / (m.end + r.scale(300.0, 20_000.0));
    // What a healthy run writes: a little all the time, and snapshots that are then removed.
    let written = (r.scale(1.0, 300.0) * 1024.0).min(free_disk / 200_000.0);
    let snapshot = r.scale(0.01, 0.3) * GIB;
    let utilisation = r.between(35.0, 98.0);
    let which = r.between(0.0, 3.0) as u32;
    let old_errors = if r.chance(0.3) { 4.0 } else { 0.0 };

    let mut at = 1.0;
    while at < m.end {
        let late = at > m.onset_at;
        let gone = m.dead_at.is_some_and(|died| at > died) && !m.spins;
        let mut put = |metric, value| points.push(Point { at, metric, step: (at * 1000.0) as u64, value });
        put(cpu, if gone { 0.0 } else { work * (1.0 + 0.1 * r.normal()) });
        let mut memory = base + filled * (1.0 - (-at / fill_time).exp()) + 4e6 * r.normal();
        if let Some(saw) = saw {
            memory += saw * (at / 37.0).fract();
        }
        if is("memory_leak") || is("memory_exhausted") {
            memory += if is("memory_leak") { leak } else { exhaust } * at;
        }
        put(rss, memory);
        let mut left = free_memory + filled * (-at / fill_time).exp() + 0.004 * free_memory * r.normal();
        if is("memory_exhausted") {
            left -= exhaust * at;
        } else if is("memory_leak") {
            left -= (leak * at).min(free_memory * 0.9);
        }
        put(available, left.max(0.0));
        let mut space = free_disk - written * at - snapshot * f64::from(u8::from((at / 45.0).fract() > 0.5));
        if let Some(quota) = &m.quota {
            // No more than the disk has, and enough for what a healthy run writes.
            let free = quota.free.max(written * 200_000.0).min(free_disk);
            if is("quota_full") {
                space -= free / (m.end + quota.outlives) * at;
            }
            put(allowed, (free - (free_disk - space)).max(0.0));
        }
        if is("disk_full") {
            space -= used_up * at;
        }
        put(disk, space.max(0.0));
        let idle = is("idle_accelerator") && late || gone;
        put(gpu, if idle { 0.0 } else { (utilisation + 12.0 * r.normal()).clamp(0.0, 100.0) });
        put(held, if gone { 0.0 } else { 8.0 * GIB });
        put(other, 0.0);
        let failing = is("gpu_failing") && late;
        put(
            throttled,
            f64::from(u8::from(if failing && which == 0 { r.chance(0.9) } else { r.chance(0.03) })),
        );
        put(ecc, old_errors + if failing && which == 1 { 1.0 } else { 0.0 });
        put(remap, f64::from(u8::from(failing && which == 2)));
        at += 2.0;
    }
}
