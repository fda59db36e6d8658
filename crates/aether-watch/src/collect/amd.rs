//! AMD's GPUs: the files of the kernel's amdgpu driver, `Documentation/gpu/amdgpu/thermal.rst`.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use aether_core::Metric;

use super::{
    Collector, Sample, accelerators,
    fields::number,
    kept::{Kept, names},
};

/// PCI's number for AMD.
const VENDOR: &str = "0x1002";

/// `system/gpu/N/...`: `utilisation`, `memory_busy` (percent), `memory`, `memory_total` (bytes), `power` (W),
/// `temperature` (degrees Celsius), `clock` (MHz). Numbers follow those of the cards.
#[derive(Debug)]
pub(crate) struct Amd {
    values: Vec<Value>,
}

#[derive(Debug)]
struct Value {
    file: Kept,
    metric: Metric,
    /// What the file's number is multiplied by.
    unit: f64,
}

impl Amd {
    pub(crate) fn find(sys: &Path) -> Option<Self> {
        let drm = sys.join("class/drm");
        let card = |name: &String| number(name.strip_prefix("card")?.as_bytes());
        let mut cards: Vec<(u64, PathBuf)> = names(&drm)
            .iter()
            .filter_map(|name| Some((card(name)?, drm.join(name).join("device"))))
            .collect();
        cards.retain(|(_, device)| {
            std::fs::read_to_string(device.join("vendor")).is_ok_and(|vendor| vendor.trim() == VENDOR)
        });
        cards.sort();
        let mut values = Vec::new();
        for (gpu, (_, device)) in cards.iter().enumerate() {
            let sensors = device.join("hwmon");
            let sensor = names(&sensors).first().map(|name| sensors.join(name)).unwrap_or_default();
            // The means of newer chips first, then what older ones have.
            for (what, files, unit) in [
                ("utilisation", [device.join("gpu_busy_percent"), PathBuf::new()], 1.0),
                ("memory_busy", [device.join("mem_busy_percent"), PathBuf::new()], 1.0),
                ("memory", [device.join("mem_info_vram_used"), PathBuf::new()], 1.0),
                ("memory_total", [device.join("mem_info_vram_total"), PathBuf::new()], 1.0),
                ("power", [sensor.join("power1_average"), sensor.join("power1_input")], 1e-6),
                ("temperature", [sensor.join("temp1_input"), PathBuf::new()], 1e-3),
                ("clock", [sensor.join("freq1_input"), PathBuf::new()], 1e-6),
            ] {
                let file = files.into_iter().find_map(Kept::open);
                values.extend(file.map(|file| Value { file, metric: accelerators::metric(gpu, what), unit }));
            }
        }
        (!values.is_empty()).then_some(Self { values })
    }
}

impl Collector for Amd {
    fn sample(&mut self, _: Duration, into: &mut Sample) {
        for Value { file, metric, unit } in &mut self.values {
            // A card that sleeps has no numbers to tell.
            if let Some(number) = file.number() {
                into.put(*metric, number as f64 * *unit);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_tree_of_files() {
        let dir = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = dir.path().join("class/drm").join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("card0/device/vendor", "0x8086\n");
        write("card0/device/gpu_busy_percent", "99\n");
        write("card1/device/vendor", "0x1002\n");
        write("card1/device/gpu_busy_percent", "37\n");
        write("card1/device/mem_info_vram_used", "1073741824\n");
        write("card1/device/hwmon/hwmon3/power1_input", "250000000\n");
        write("card1/device/hwmon/hwmon3/temp1_input", "61000\n");
        write("card1-DP-1/status", "connected\n");
        let mut sample = Sample::default();
        Amd::find(dir.path()).unwrap().sample(Duration::ZERO, &mut sample);
        assert_eq!(sample.points.len(), 4, "{sample:?}");
        assert_eq!(sample.value("system/gpu/0/utilisation"), Some(37.0));
        assert_eq!(sample.value("system/gpu/0/memory"), Some((1u64 << 30) as f64));
        assert_eq!(sample.value("system/gpu/0/power"), Some(250.0));
        assert_eq!(sample.value("system/gpu/0/temperature"), Some(61.0));
    }

    #[test]
    fn no_card() {
        assert!(Amd::find(Path::new("/no/such/tree")).is_none());
    }
}
