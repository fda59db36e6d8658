//! What goes over the network: `/proc/net/dev`, proc_pid_net(5).

use std::{path::Path, time::Duration};

use aether_core::Metric;

use super::{
    Collector, Sample,
    fields::{fields, lines, number},
    kept::Kept,
    rate::Rate,
};

/// `system/network/received` and `system/network/sent`: bytes per second over all interfaces but the loopback.
#[derive(Debug)]
pub(crate) struct Network {
    dev: Kept,
    received: (Metric, Rate),
    sent: (Metric, Rate),
}

impl Network {
    pub(crate) fn find(proc: &Path) -> Option<Self> {
        Some(Self {
            dev: Kept::open(proc.join("net/dev"))?,
            received: (Metric::named("system/network/received"), Rate::default()),
            sent: (Metric::named("system/network/sent"), Rate::default()),
        })
    }
}

/// Of an interface's line: its name, and bytes received and sent.
fn interface(line: &[u8]) -> Option<(&[u8], u64, u64)> {
    let colon = line.iter().rposition(|&b| b == b':')?;
    let (name, counters) = line.split_at(colon);
    let mut counters = fields(&counters[1..]);
    Some((name.trim_ascii(), number(counters.next()?)?, number(counters.nth(7)?)?))
}

fn totals(dev: &[u8]) -> (u64, u64) {
    let real = lines(dev).filter_map(interface).filter(|(name, ..)| *name != b"lo");
    real.fold((0, 0), |(received, sent), (_, r, s)| (received.wrapping_add(r), sent.wrapping_add(s)))
}

impl Collector for Network {
    fn sample(&mut self, now: Duration, into: &mut Sample) {
        let Some((received, sent)) = self.dev.read().map(totals) else { return };
        for ((metric, rate), count) in [(&mut self.received, received), (&mut self.sent, sent)] {
            if let Some(rate) = rate.per_second(now, count) {
                into.put(*metric, rate);
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
        let text = b"Inter-|   Receive                                                |  Transmit\n \
            face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n    \
            lo: 1000 1 0 0 0 0 0 0 1000 1 0 0 0 0 0 0\n  \
            eth0: 500 5 0 0 0 0 0 0 70 7 0 0 0 0 0 0\neth0:1:30 5 0 0 0 0 0 0 4 7 0 0 0 0 0 0\n";
        assert_eq!(totals(text), (530, 74));
    }

    proptest! {
        #[test]
        fn no_text_is_too_strange(text: Vec<u8>) {
            totals(&text);
        }
    }
}
