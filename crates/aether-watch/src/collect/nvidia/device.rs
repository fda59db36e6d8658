//! One GPU's values.

use aether_core::Metric;

use super::api::{Handle, Nvml, ProcessMemory};
use crate::collect::{Sample, accelerators};

/// Reasons of throttling that tell of trouble: hardware slow-down (0x8), software and hardware thermal slow-down
/// (0x20, 0x40), power brake (0x80). The others (idle, a cap on power, a chosen clock) are how it should be.
const TROUBLE: u64 = 0x8 | 0x20 | 0x40 | 0x80;

#[derive(Debug)]
pub(super) struct Device {
    pub(super) index: usize,
    handle: Handle,
    processes: Vec<ProcessMemory>,
    names: Names,
}

#[derive(Debug)]
struct Names {
    utilisation: Metric,
    memory_busy: Metric,
    memory: Metric,
    memory_total: Metric,
    process_memory: Metric,
    power: Metric,
    power_limit: Metric,
    temperature: Metric,
    clock: Metric,
    memory_clock: Metric,
    throttle: Metric,
    throttle_reasons: Metric,
    ecc_corrected: Metric,
    ecc_uncorrected: Metric,
    remapped: Metric,
    remapped_uncorrectable: Metric,
    remap_pending: Metric,
    remap_failed: Metric,
}

impl Device {
    pub(super) fn new(index: usize, handle: Handle) -> Self {
        let metric = |what| accelerators::metric(index, what);
        let names = Names {
            utilisation: metric("utilisation"),
            memory_busy: metric("memory_busy"),
            memory: metric("memory"),
            memory_total: metric("memory_total"),
            process_memory: metric("process_memory"),
            power: metric("power"),
            power_limit: metric("power_limit"),
            temperature: metric("temperature"),
            clock: metric("clock"),
            memory_clock: metric("memory_clock"),
            throttle: metric("throttled"),
            throttle_reasons: metric("throttle_reasons"),
            ecc_corrected: metric("ecc_corrected"),
            ecc_uncorrected: metric("ecc_uncorrected"),
            remapped: metric("remapped_rows"),
            remapped_uncorrectable: metric("remapped_rows_uncorrectable"),
            remap_pending: metric("remap_pending"),
            remap_failed: metric("remap_failed"),
        };
        Self { index, handle, processes: Vec::new(), names }
    }

    pub(super) fn is(&self, handle: Handle) -> bool {
        self.handle == handle
    }

    /// Adds what the GPU says of itself. What it does not support it leaves out.
    pub(super) fn sample(&mut self, nvml: &Nvml, members: Option<&[u32]>, into: &mut Sample) {
        let (names, device) = (&self.names, self.handle);
        let mut put = |metric, value: Option<f64>| {
            if let Some(value) = value {
                into.put(metric, value);
            }
        };
        let utilisation = nvml.utilisation(device);
        put(names.utilisation, utilisation.map(|u| f64::from(u.gpu)));
        put(names.memory_busy, utilisation.map(|u| f64::from(u.memory)));
        let memory = nvml.memory(device);
        put(names.memory, memory.map(|m| m.used as f64));
        put(names.memory_total, memory.map(|m| m.total as f64));
        put(names.power, nvml.power(device).map(|mw| f64::from(mw) / 1e3));
        put(names.power_limit, nvml.power_limit(device).map(|mw| f64::from(mw) / 1e3));
        put(names.temperature, nvml.temperature(device).map(f64::from));
        put(names.clock, nvml.clock(device, super::api::CLOCK_SM).map(f64::from));
        put(names.memory_clock, nvml.clock(device, super::api::CLOCK_MEMORY).map(f64::from));
        let reasons = nvml.throttle_reasons(device);
        put(names.throttle, reasons.map(|r| f64::from(u8::from(r & TROUBLE != 0))));
        put(names.throttle_reasons, reasons.map(|r| r as f64));
        put(names.ecc_corrected, nvml.ecc_errors(device, false).map(|n| n as f64));
        put(names.ecc_uncorrected, nvml.ecc_errors(device, true).map(|n| n as f64));
        let rows = nvml.remapped_rows(device);
        put(names.remapped, rows.map(|r| f64::from(r.corrected)));
        put(names.remapped_uncorrectable, rows.map(|r| f64::from(r.uncorrected)));
        put(names.remap_pending, rows.map(|r| f64::from(r.pending)));
        put(names.remap_failed, rows.map(|r| f64::from(r.failed)));
        if let Some(members) = members
            && nvml.processes(device, &mut self.processes).is_some()
        {
            let ours = self.processes.iter().filter(|p| members.contains(&p.pid));
            // What a driver cannot tell is all ones.
            let bytes = ours.map(|p| p.bytes).filter(|&b| b != u64::MAX);
            put(names.process_memory, Some(bytes.fold(0.0, |sum, b| sum + b as f64)));
        }
    }
}
