//! Which detectors look at which metric.

use aether_core::{Event, Metric, signal::Nanos};

use super::{
    Detector, Observed, Role, SECOND,
    divergence::Divergence,
    forecast::{Finish, RunsOut},
    gpu_health::GpuHealth,
    gradients::Gradients,
    idle::IdleGpu,
    leak::Leak,
    loader::LoaderBound,
    non_finite::NonFinite,
    overfitting::Overfitting,
    plateau::Plateau,
    spike::Spike,
    stall::Stall,
    straggler::Straggler,
    throughput::Throughput,
};

/// Of how many metrics of a run each value is looked at for NaN: a bound on memory against a million names.
const WATCHED: usize = 4096;

/// What is known of a run's end, and how patient to be.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The last step, if it is known.
    pub steps: Option<u64>,
    /// When the run will be stopped, if it will.
    pub deadline: Option<Nanos>,
    /// A shorter silence than this is never a stall.
    pub patience: Nanos,
}

impl Default for Limits {
    fn default() -> Self {
        Self { steps: None, deadline: None, patience: 10 * SECOND }
    }
}

/// All detectors of one run.
#[derive(Debug)]
pub struct Detectors {
    all: Vec<Box<dyn Detector>>,
    /// By the metric's index: its role and the places in `all` of those who look at it. None: not seen yet.
    watching: Vec<Option<Watching>>,
    shared: Vec<(Shared, usize)>,
    finish: Option<Finish>,
    deadline: Option<Nanos>,
    stall: usize,
    metrics: usize,
}

#[derive(Debug, Clone)]
struct Watching {
    role: Role,
    detectors: Vec<usize>,
}

/// Detectors that look at several metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shared {
    Overfitting,
    Loader,
    Stragglers,
    GroupMemory,
    Idle(u32),
    Health(u32),
}

impl Detectors {
    /// For a run of which `limits` are known.
    pub fn new(limits: &Limits) -> Self {
        let mut detectors = Self {
            all: vec![Box::new(Stall::new(limits.patience))],
            watching: Vec::new(),
            shared: Vec::new(),
            finish: None,
            deadline: limits.deadline,
            stall: 0,
            metrics: 0,
        };
        limits.steps.iter().for_each(|&steps| detectors.expect(steps));
        detectors
    }

    /// Takes note that `steps` is the run's last step, as is known from now on.
    pub fn expect(&mut self, steps: u64) {
        if self.finish.as_ref().is_none_or(|finish| finish.goal() != steps) {
            self.finish = Some(Finish::new(steps, self.deadline));
        }
    }

    /// Takes what the run, or who watches the machine, said. What is found is added to `found`.
    pub fn observe(&mut self, seen: &Observed, found: &mut Vec<Event>) {
        let index = seen.metric.index();
        if self.watching.get(index).is_none_or(Option::is_none) {
            self.adopt(seen.metric);
        }
        let Some(Some(watching)) = self.watching.get(index) else { return };
        for &at in &watching.detectors {
            self.all[at].observe(seen, watching.role, found);
        }
        if let Some(finish) = &mut self.finish {
            finish.observe(seen, watching.role, found);
        }
    }

    /// Takes note of the time. Call it at least once a second.
    pub fn tick(&mut self, now: Nanos, found: &mut Vec<Event>) {
        for detector in &mut self.all {
            detector.tick(now, found);
        }
    }

    fn adopt(&mut self, metric: Metric) {
        let role = Role::of(metric.name());
        let mut detectors = Vec::new();
        if role.is_of_run() {
            detectors.push(self.stall);
            self.metrics += 1;
            if self.metrics <= WATCHED {
                detectors.push(self.add(NonFinite::default()));
            }
        }
        match role {
            Role::Loss => {
                detectors.push(self.add(Spike::default()));
                detectors.push(self.add(Divergence::default()));
                detectors.push(self.add(Plateau::default()));
                detectors.push(self.share(Shared::Overfitting));
            }
            Role::ValidationLoss => detectors.push(self.share(Shared::Overfitting)),
            Role::GradientNorm => detectors.push(self.add(Gradients::default())),
            Role::Throughput => detectors.push(self.add(Throughput::default())),
            Role::StepTime => {
                detectors.push(self.add(Throughput::default()));
                detectors.push(self.share(Shared::Loader));
            }
            Role::DataTime => detectors.push(self.share(Shared::Loader)),
            Role::RankStepTime(_) => detectors.push(self.share(Shared::Stragglers)),
            Role::GpuUtilisation(gpu) | Role::GpuProcessMemory(gpu) => {
                detectors.push(self.share(Shared::Idle(gpu)));
            }
            Role::GpuUncorrected(gpu)
            | Role::GpuCorrected(gpu)
            | Role::GpuRemap(gpu)
            | Role::GpuThrottled(gpu) => detectors.push(self.share(Shared::Health(gpu))),
            Role::ProcessCpu => detectors.push(self.stall),
            Role::ProcessMemory => detectors.push(self.add(Leak::default())),
            Role::MemoryAvailable => {
                detectors.push(
                    self.add(RunsOut::left("memory_exhausted", "the machine's memory will be used up")),
                );
            }
            Role::GroupMemory | Role::GroupMemoryLimit => detectors.push(self.share(Shared::GroupMemory)),
            Role::DiskFree => {
                detectors.push(self.add(RunsOut::left("disk_full", "the disk will be full")));
            }
            Role::QuotaFree => {
                detectors.push(self.add(RunsOut::left("quota_full", "a quota of the disk will be used up")));
            }
            Role::Other | Role::Machine => {}
        }
        if self.watching.len() <= metric.index() {
            self.watching.resize(metric.index() + 1, None);
        }
        self.watching[metric.index()] = Some(Watching { role, detectors });
    }

    fn add(&mut self, detector: impl Detector + 'static) -> usize {
        self.all.push(Box::new(detector));
        self.all.len() - 1
    }

    fn share(&mut self, which: Shared) -> usize {
        if let Some(&(_, at)) = self.shared.iter().find(|(shared, _)| *shared == which) {
            return at;
        }
        let at = match which {
            Shared::Overfitting => self.add(Overfitting::default()),
            Shared::Loader => self.add(LoaderBound::default()),
            Shared::Stragglers => self.add(Straggler::default()),
            Shared::GroupMemory => {
                self.add(RunsOut::used("memory_exhausted", "the control group's memory will be used up"))
            }
            Shared::Idle(_) => self.add(IdleGpu::default()),
            Shared::Health(_) => self.add(GpuHealth::default()),
        };
        self.shared.push((which, at));
        at
    }
}
