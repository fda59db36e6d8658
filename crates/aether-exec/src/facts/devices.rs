//! Accelerators, as the kernel's drivers show them: NVIDIA's in `/proc/driver/nvidia`, others in `/sys/class/drm`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::{Map, Value};

/// One object for each device; none where there are none.
pub(super) fn facts() -> Vec<Value> {
    let mut devices = nvidia(Path::new("/proc/driver/nvidia"));
    devices.extend(drm(Path::new("/sys/class/drm")));
    devices
}

/// `gpus/<bus address>/information` holds lines such as `Model: NVIDIA H100`.
fn nvidia(driver: &Path) -> Vec<Value> {
    let version = fs::read_to_string(driver.join("version")).ok();
    let version = version.as_deref().and_then(|text| text.lines().next()).map(str::trim);
    let information = |directory: PathBuf| {
        let text = fs::read_to_string(directory.join("information")).ok()?;
        let mut device = Map::new();
        device.insert("driver".to_owned(), version.unwrap_or("nvidia").into());
        for (field, value) in text.lines().filter_map(|line| line.split_once(':')) {
            let name = match field.trim() {
                "Model" => "model",
                "GPU UUID" => "uuid",
                "Bus Location" => "bus",
                _ => continue,
            };
            device.insert(name.to_owned(), value.trim().into());
        }
        Some(Value::Object(device))
    };
    listed(&driver.join("gpus")).into_iter().filter_map(information).collect()
}

/// `card<n>/device` is a PCI device; those of NVIDIA's own driver were told above.
fn drm(class: &Path) -> Vec<Value> {
    let card = |directory: PathBuf| {
        let name = directory.file_name()?.to_str()?;
        let number = name.strip_prefix("card")?;
        if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let device = directory.join("device");
        let read = |file: &str| fs::read_to_string(device.join(file)).ok().map(|text| text.trim().to_owned());
        let event = read("uevent")?;
        let of_event =
            |field: &str| event.lines().find_map(|line| line.strip_prefix(field)).map(str::to_owned);
        let driver = of_event("DRIVER=")?;
        if driver == "nvidia" {
            return None;
        }
        let known = [
            ("driver", Some(driver)),
            ("bus", of_event("PCI_SLOT_NAME=")),
            ("vendor", read("vendor")),
            ("device", read("device")),
            ("model", read("product_name")),
            ("memory_bytes", read("mem_info_vram_total")),
        ];
        let known = known.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.into())));
        Some(Value::Object(known.collect()))
    };
    listed(class).into_iter().filter_map(card).collect()
}

fn listed(directory: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(directory)
        .map(|entries| entries.filter_map(|entry| Some(entry.ok()?.path())).collect())
        .unwrap_or_default();
    paths.sort();
    paths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_drivers_show_them() {
        let dir = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("nvidia/version", "NVRM version: 550.54\nGCC version: 12\n");
        write("nvidia/gpus/0000:01:00.0/information", "Model: \t\t NVIDIA H100\nGPU UUID:  GPU-1\nIRQ: 7\n");
        write("drm/card1/device/uevent", "DRIVER=amdgpu\nPCI_SLOT_NAME=0000:03:00.0\n");
        write("drm/card1/device/vendor", "0x1002\n");
        write("drm/card1-DP-1/device/uevent", "DRIVER=amdgpu\n");
        let found = nvidia(&dir.path().join("nvidia"));
        assert_eq!((&found[0]["model"], found.len()), (&"NVIDIA H100".into(), 1));
        let found = drm(&dir.path().join("drm"));
        assert_eq!((&found[0]["vendor"], found.len()), (&"0x1002".into(), 1));
        assert!(nvidia(&dir.path().join("nothing")).is_empty());
    }
}
