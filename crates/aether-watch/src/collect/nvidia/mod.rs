//! NVIDIA's GPUs, through the management library (NVML) that comes with the driver, loaded at run time: the same
//! program runs where there is none.

mod api;
mod device;

use std::{ffi::OsStr, path::Path, sync::PoisonError, time::Duration};

use aether_core::{Event, Level};
use serde_json::json;

use self::{
    api::{Nvml, XidError},
    device::Device,
};
use super::{Collector, Sample, processes::Members};

/// Under which name the driver installs the library.
pub const LIBRARY: &str = "libnvidia-ml.so.1";

/// `system/gpu/N/...`; the guide's page lists them. An Xid, the driver's word for an error, is an event `gpu_xid`.
#[derive(Debug)]
pub struct Nvidia {
    nvml: Nvml,
    devices: Vec<Device>,
    members: Option<Members>,
}

impl Nvidia {
    /// Loads the library; `None` where there is none, or no GPU that may be looked at.
    pub(crate) fn load(library: &Path, members: Option<Members>) -> Option<Self> {
        let nvml = Nvml::load(AsRef::<OsStr>::as_ref(library))?;
        let devices: Vec<Device> =
            (0..nvml.count()).filter_map(|n| Some(Device::new(n as usize, nvml.device(n)?))).collect();
        (!devices.is_empty()).then_some(Self { nvml, devices, members })
    }
}

impl Collector for Nvidia {
    fn sample(&mut self, _: Duration, into: &mut Sample) {
        let members = self.members.as_ref().map(|m| m.read().unwrap_or_else(PoisonError::into_inner));
        for device in &mut self.devices {
            device.sample(&self.nvml, members.as_ref().map(|m| &***m), into);
        }
        while let Some(error) = self.nvml.xid() {
            let gpu = self.devices.iter().find(|d| d.is(error.device)).map(|d| d.index);
            into.events.push(event(&error, gpu));
        }
    }
}

/// Which Xids speak of the hardware, from NVIDIA's catalogue (docs.nvidia.com/deploy/xid-errors); the others are most
/// often a program's own fault.
const HARDWARE: [u64; 17] = [48, 62, 63, 64, 74, 79, 92, 94, 95, 110, 119, 120, 121, 122, 123, 124, 136];

fn event(error: &XidError, gpu: Option<usize>) -> Event {
    let xid = error.xid;
    let hardware = HARDWARE.contains(&xid);
    let which = gpu.map_or_else(|| "A GPU".to_owned(), |gpu| format!("GPU {gpu}"));
    let hint = if hardware { "its hardware may be failing" } else { "most often a program's fault" };
    let fields = json!({ "gpu": gpu, "xid": xid, "hardware": hardware });
    Event {
        kind: "gpu_xid".to_owned(),
        level: if hardware { Level::Error } else { Level::Warning },
        step: 0,
        message: format!("{which} reports error Xid {xid}: {hint}"),
        fields: fields.as_object().cloned().unwrap_or_default(),
    }
}
