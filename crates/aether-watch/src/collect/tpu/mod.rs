//! Google's TPUs. The chips are seen on the PCI bus; what they do, the runtime (libtpu) of the program that uses them
//! tells, over gRPC on this machine, as long as that program works. PyPI's `tpu-info` asks the same.

mod grpc;
mod messages;

use std::{
    fs,
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
    time::Duration,
};

use aether_core::Metric;
use tokio::{runtime, time::timeout};

use super::{Collector, Sample, accelerators, kept::names};
use messages::{MetricRequest, MetricResponse, Reading};

/// The port of this machine on which the runtime tells its metrics.
pub(crate) const RUNTIME_PORT: u16 = 8431;

const METHOD: &str = "/tpu.monitoring.runtime.RuntimeMetricService/GetRuntimeMetric";

/// How long the runtime may take for all that it is asked at once.
const PATIENCE: Duration = Duration::from_secs(2);

/// PCI's number for Google, which also makes network cards, and those of the chips: v2 and v3, v4, v5p, v5e, v6e, 7x
/// (`tpu_info/device.py` of PyPI's `tpu-info`).
const VENDOR: &str = "0x1ae0";
const CHIPS: [&str; 6] = ["0x0027", "0x005e", "0x0062", "0x0063", "0x006f", "0x0076"];

/// What was told since it was last looked at.
type Told = Mutex<Vec<(Metric, f64)>>;

/// `system/gpu/N/...`: `memory`, `memory_total` (bytes), `utilisation` (percent of the time at work). A chip of two cores
/// that have memory of their own counts as two. The runtime is asked by a thread, which is there only where a chip is, so
/// that nobody waits for it: a value is at most as old as the sample before.
#[derive(Debug)]
pub(crate) struct Tpu {
    ask: SyncSender<()>,
    told: Arc<Told>,
}

impl Tpu {
    pub(crate) fn find(sys: &Path, port: u16) -> Option<Self> {
        let devices = sys.join("bus/pci/devices");
        let says = |device: &str, file: &str| fs::read_to_string(devices.join(device).join(file)).ok();
        let is_chip = |device: &String| {
            says(device, "vendor").is_some_and(|vendor| vendor.trim() == VENDOR)
                && says(device, "device").is_some_and(|chip| CHIPS.contains(&chip.trim()))
        };
        names(&devices).iter().any(is_chip).then_some(())?;
        let runtime = runtime::Builder::new_current_thread().enable_all().build().ok()?;
        let (ask, asked) = sync_channel(1);
        let told = Arc::new(Told::default());
        let tell = Arc::clone(&told);
        let work = move || answer(&runtime, port, &asked, &tell);
        thread::Builder::new().name("aether-tpu".to_owned()).spawn(work).ok()?;
        Some(Self { ask, told })
    }
}

impl Collector for Tpu {
    fn sample(&mut self, _: Duration, into: &mut Sample) {
        // Full: it was asked and has not answered yet.
        let _ = self.ask.try_send(());
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.drain(..).for_each(|(metric, value)| into.put(metric, value));
    }
}

/// Asks the runtime whenever it is asked itself, until nobody is there any more.
fn answer(runtime: &runtime::Runtime, port: u16, asked: &Receiver<()>, tell: &Told) {
    while asked.recv().is_ok() {
        // Where no program uses the chips there is nobody to ask, and nothing to tell.
        let values = runtime.block_on(async { timeout(PATIENCE, values(port)).await });
        *tell.lock().unwrap_or_else(PoisonError::into_inner) = values.ok().flatten().unwrap_or_default();
    }
}

async fn values(port: u16) -> Option<Vec<(Metric, f64)>> {
    let runtime = grpc::Connection::open(port).await?;
    let ask = async |metric: &str| {
        let request = MetricRequest { metric_name: metric.to_owned() };
        // An older runtime may not know it.
        let answer = runtime.call::<MetricResponse>(METHOD, &request).await.unwrap_or_default();
        let mut readings = answer.metric.unwrap_or_default().metrics;
        readings.sort_by_key(Reading::device);
        readings
    };
    let used = ask("tpu.runtime.hbm.memory.usage.bytes").await;
    let total = ask("tpu.runtime.hbm.memory.total.bytes").await;
    let busy = ask("tpu.runtime.tensorcore.dutycycle.percent").await;
    let mut values = Vec::new();
    let mut tell = |device: &Reading, what: &str, reading: &Reading| {
        if let (Ok(device), Some(value)) = (usize::try_from(device.device()), reading.value()) {
            values.push((accelerators::metric(device, what), value));
        }
    };
    used.iter().for_each(|reading| tell(reading, "memory", reading));
    total.iter().for_each(|reading| tell(reading, "memory_total", reading));
    // That of a chip counts for each of its devices.
    let devices_per_chip = (total.len() / busy.len().max(1)).max(1);
    for (of_chip, reading) in total.chunks(devices_per_chip).zip(&busy) {
        of_chip.iter().for_each(|device| tell(device, "utilisation", reading));
    }
    Some(values)
}
