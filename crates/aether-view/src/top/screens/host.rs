//! The machine: processors, memory, what is waited for, accelerators, disks, network.

use ratatui_core::{layout::Rect, style::Style};

use super::{above, beside, inset, pairs, per_second, size};
use crate::{
    host::Reading,
    text,
    top::{app::App, ink::Ink},
};

/// Cells of a processor with its number, meter and percent.
const CORE: u16 = 18;

pub(in crate::top) fn draw(app: &App, ink: &mut Ink<'_>, area: Rect) {
    let area = inset(area);
    let Some(now) = app.readings.back() else {
        ink.empty(area, "Looking at the machine", "");
        return;
    };
    let per_line = (area.width / CORE).clamp(1, (now.cores.len() as u16).max(1));
    let detailed = (now.cores.len() as u16).div_ceil(per_line) <= area.height / 4;
    let core_lines = if now.cores.is_empty() {
        0
    } else if detailed {
        (now.cores.len() as u16).div_ceil(per_line)
    } else {
        (now.cores.len() as u16).div_ceil(area.width)
    };
    let gpus = (now.accelerators.len() as u16).clamp(1, (area.height / 4).max(1));
    let disks = (now.disks.len() as u16).clamp(1, (area.height / 5).max(1)).max(4);
    let fixed = core_lines + 1 + (gpus + 2) + (disks + 1);
    // Of a high terminal, the disks and the network have graphs, too.
    let free = area.height.saturating_sub(fixed + 1);
    let graphs = free.min((free * 3 / 5).max(14)).max(2);
    let (top, rest) = above(area, graphs + 1);
    let (left, right) = beside(top, area.width / 2 - 2);
    processors(app, ink, left, now);
    memory(app, ink, right, now);
    let (cores, rest) = above(rest, core_lines + u16::from(core_lines > 0));
    draw_cores(ink, cores, now, detailed, per_line);
    let (accelerators, rest) = above(rest, gpus + 2);
    draw_accelerators(ink, accelerators, now);
    let (left, right) = beside(rest, area.width / 2 - 2);
    draw_disks(app, ink, left, now);
    let (left, right) = beside(right, 18.min(right.width / 2));
    draw_network(app, ink, left, now);
    waiting(ink, right, now);
}

fn percent(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.0} %"))
}

fn processors(app: &App, ink: &mut Ink<'_>, area: Rect, now: &Reading) {
    let load = now.load.map_or_else(String::new, |load| format!("load {load:.2}   "));
    let note = format!("{load}{}", percent(now.cpu));
    let inside = ink.section(area, "Processors", &note, false);
    let values: Vec<f64> = app.readings.iter().map(|reading| reading.cpu.unwrap_or(0.0)).collect();
    ink.area(inside, &values, 100.0, true);
}

fn memory(app: &App, ink: &mut Ink<'_>, area: Rect, now: &Reading) {
    let swap =
        if now.memory.swap > 0.0 { format!("swap {}   ", size(now.memory.swap)) } else { String::new() };
    let note = format!("{swap}{} of {}", size(now.memory.used), size(now.memory.total));
    let inside = ink.section(area, "Memory", &note, false);
    let values: Vec<f64> = app.readings.iter().map(|reading| reading.memory.used).collect();
    ink.area(inside, &values, now.memory.total, true);
}

fn draw_cores(ink: &mut Ink<'_>, area: Rect, now: &Reading, detailed: bool, per_line: u16) {
    /// From idle to busy.
    const LEVELS: [&str; 9] = ["·", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
    for (number, busy) in now.cores.iter().enumerate() {
        let style = ink.theme.load(busy / 100.0);
        if !detailed {
            let level = LEVELS[(busy / 100.0 * 8.0).round().clamp(0.0, 8.0) as usize];
            let (x, y) = (number as u16 % area.width, number as u16 / area.width);
            ink.text(area.x + x, area.y + y, 1, level, style);
            continue;
        }
        let wide = (area.width / per_line).min(2 * CORE);
        let (x, y) = (number as u16 % per_line * wide, number as u16 / per_line);
        let (x, y) = (area.x + x, area.y + y);
        ink.right(x, y, 3, &number.to_string(), ink.theme.dim());
        ink.meter(x + 4, y, wide - 12, busy / 100.0, style);
        ink.right(x + wide - 7, y, 5, &format!("{busy:.0} %"), Style::new());
    }
}

fn draw_accelerators(ink: &mut Ink<'_>, area: Rect, now: &Reading) {
    if now.accelerators.is_empty() {
        let inside = ink.section(area, "Accelerators", "", false);
        ink.text(inside.x, inside.y, inside.width, "none found", ink.theme.dim());
        return;
    }
    let inside = ink.section(area, "Accelerators", "", false);
    let dim = ink.theme.dim();
    let meter = inside.width.saturating_sub(52).clamp(4, 30) / 2;
    for (line, gpu) in now.accelerators.iter().enumerate().take(usize::from(inside.height)) {
        let (mut x, y) = (inside.x, inside.y + line as u16);
        ink.right(x, y, 2, &gpu.index.to_string(), dim);
        x += 3;
        let busy = gpu.utilisation.unwrap_or(0.0) / 100.0;
        ink.meter(x, y, meter, busy, ink.theme.load(busy * 0.69));
        ink.right(x + meter, y, 6, &percent(gpu.utilisation), Style::new());
        x += meter + 8;
        if let (Some(used), Some(total)) = (gpu.memory, gpu.memory_total) {
            let share = used / total.max(1.0);
            ink.meter(x, y, meter, share, ink.theme.load(share));
            ink.right(x + meter, y, 14, &format!("{} of {}", size(used), size(total)), Style::new());
        }
        x += meter + 16;
        let watts = gpu.power.map_or_else(String::new, |power| {
            let limit = gpu.power_limit.map_or_else(String::new, |limit| format!("/{limit:.0}"));
            format!("{power:.0}{limit} W")
        });
        ink.right(x, y, 9, &watts, Style::new());
        let heat = gpu.temperature.unwrap_or(0.0);
        let style = ink.theme.load(if heat >= 85.0 { 1.0 } else { heat / 110.0 });
        let temperature = gpu.temperature.map_or_else(String::new, |heat| format!("{heat:.0} °C"));
        ink.right(x + 9, y, 8, &temperature, style);
        if gpu.throttled == Some(1.0) {
            ink.text(x + 18, y, 7, "slowed", ink.theme.bad());
        }
    }
}

fn draw_disks(app: &App, ink: &mut Ink<'_>, area: Rect, now: &Reading) {
    let free = now.space.free.map_or_else(String::new, |free| format!("{} free", text::bytes(free as u64)));
    let inside = ink.section(area, "Disks", &free, false);
    if now.disks.is_empty() {
        ink.text(inside.x, inside.y, inside.width, "no disk tells what it does", ink.theme.dim());
    }
    let wide = inside.width.saturating_sub(8) / 3;
    for (line, disk) in now.disks.iter().enumerate().take(usize::from(inside.height)) {
        let y = inside.y + line as u16;
        ink.text(inside.x, y, 8, &disk.name, Style::new());
        ink.right(inside.x + 8, y, wide, &format!("↓{}", size(disk.read)), ink.theme.plain());
        ink.right(inside.x + 8 + wide, y, wide, &format!("↑{}", size(disk.write)), ink.theme.plain());
        let style = ink.theme.load(disk.busy / 100.0);
        ink.right(inside.x + 8 + 2 * wide, y, wide, &format!("{:.0} %", disk.busy), style);
    }
    let (_, graph) = above(inside, now.disks.len() as u16 + 1);
    traffic(app, ink, graph, |reading| reading.disks.iter().map(|disk| disk.read + disk.write).sum());
}

fn draw_network(app: &App, ink: &mut Ink<'_>, area: Rect, now: &Reading) {
    let inside = ink.section(area, "Network", "", false);
    let rate = |rate: Option<f64>| rate.map_or_else(|| "-".to_owned(), per_second);
    let lines =
        [("in", rate(now.network.received), Style::new()), ("out", rate(now.network.sent), Style::new())];
    pairs(ink, inside, 3, &lines);
    let (_, graph) = above(inside, 2);
    traffic(app, ink, graph, |reading| {
        reading.network.received.unwrap_or(0.0) + reading.network.sent.unwrap_or(0.0)
    });
}

/// A graph of bytes in a second; where there is room, with the greatest of them.
fn traffic(app: &App, ink: &mut Ink<'_>, area: Rect, rate: impl Fn(&Reading) -> f64) {
    if area.height < 2 {
        return;
    }
    let values: Vec<f64> = app.readings.iter().map(rate).collect();
    let most = values.iter().copied().fold(0.0, f64::max);
    let (scale, graph) = above(area, u16::from(area.height >= 4));
    if scale.height > 0 {
        ink.text(
            scale.x,
            scale.y,
            scale.width,
            &format!("both, at most {}", per_second(most)),
            ink.theme.dim(),
        );
    }
    ink.area(graph, &values, most, false);
}

fn waiting(ink: &mut Ink<'_>, area: Rect, now: &Reading) {
    let inside = ink.section(area, "Waiting for", "", false);
    let style = |value: Option<f64>| ink.theme.load(value.unwrap_or(0.0) / 50.0);
    let pressure = &now.pressure;
    let lines = [
        ("processor", percent(pressure.cpu), style(pressure.cpu)),
        ("memory", percent(pressure.memory), style(pressure.memory)),
        ("disk", percent(pressure.io.or(now.iowait)), style(pressure.io.or(now.iowait))),
        ("others", percent(now.steal), style(now.steal)),
    ];
    pairs(ink, inside, 9, &lines);
}
