//! For how much of the time tasks waited for something scarce: `/proc/pressure/*`, the kernel's PSI.

use std::{path::Path, time::Duration};

use aether_core::Metric;

use super::{
    Collector, Sample,
    fields::{fields, lines, number},
    kept::Kept,
    rate::Rate,
};

/// `system/pressure/{cpu,io,memory}/{some,full}`: percent of the time since the last sample in which some, or all,
/// tasks waited.
#[derive(Debug)]
pub(crate) struct Pressure {
    resources: Vec<Resource>,
}

#[derive(Debug)]
struct Resource {
    file: Kept,
    some: (Metric, Rate),
    full: (Metric, Rate),
}

impl Pressure {
    pub(crate) fn find(proc: &Path) -> Option<Self> {
        let resource = |name: &str| {
            let metric =
                |part: &str| (Metric::named(&format!("system/pressure/{name}/{part}")), Rate::default());
            let file = Kept::open(proc.join("pressure").join(name))?;
            Some(Resource { file, some: metric("some"), full: metric("full") })
        };
        let resources: Vec<Resource> = ["cpu", "io", "memory"].into_iter().filter_map(resource).collect();
        (!resources.is_empty()).then_some(Self { resources })
    }
}

/// Microseconds of waiting since boot, of the line that begins with `kind`. The kernel's means over 10 s and more are
/// passed over: the total gives the exact share of any interval.
fn total(pressure: &[u8], kind: &[u8]) -> Option<u64> {
    let line = lines(pressure).find(|line| fields(line).next() == Some(kind))?;
    fields(line).find_map(|field| number(field.strip_prefix(b"total=")?))
}

impl Collector for Pressure {
    fn sample(&mut self, now: Duration, into: &mut Sample) {
        for Resource { file, some, full } in &mut self.resources {
            let Some(text) = file.read() else { continue };
            for (kind, (metric, rate)) in [(&b"some"[..], some), (&b"full"[..], full)] {
                if let Some(us) = total(text, kind).and_then(|total| rate.per_second(now, total)) {
                    into.put(*metric, (us / 1e4).min(100.0));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn captured() {
        let text = b"some avg10=0.12 avg60=0.05 avg300=0.01 total=123456\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=7\n";
        assert_eq!(total(text, b"some"), Some(123_456));
        assert_eq!(total(text, b"full"), Some(7));
        assert_eq!(
            total(b"some total=1\n", b"full"),
            None,
            "old kernels have no such line for the processors"
        );
    }

    proptest! {
        #[test]
        fn no_text_is_too_strange(text: Vec<u8>) {
            total(&text, b"some");
        }
    }
}
