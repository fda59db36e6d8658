//! Frames of other tools: whatever is written is read, and no damage is believed or fatal.

use aether_exchange::{
    proto::{tensorboard, wandb},
    tfrecord, wandb_log,
};
use proptest::{collection::vec, prelude::*};
use prost::Message;

fn payloads() -> impl Strategy<Value = Vec<Vec<u8>>> {
    vec(
        prop_oneof![
            vec(any::<u8>(), 0..200),
            vec(any::<u8>(), 32_000..33_500),
            vec(any::<u8>(), 70_000..70_100)
        ],
        1..6,
    )
}

fn tf(payloads: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    payloads.iter().for_each(|payload| tfrecord::append(&mut bytes, payload));
    bytes
}

fn wb(payloads: &[Vec<u8>]) -> Vec<u8> {
    let (mut bytes, mut framer) = (Vec::new(), wandb_log::Framer::default());
    payloads.iter().for_each(|payload| framer.append(&mut bytes, payload));
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read(payloads in payloads()) {
        let bytes = tf(&payloads);
        let mut records = tfrecord::Records::new(&bytes);
        prop_assert_eq!(records.by_ref().map(<[u8]>::to_vec).collect::<Vec<_>>(), payloads.clone());
        prop_assert_eq!(records.end(), bytes.len());
        let bytes = wb(&payloads);
        let mut records = wandb_log::Records::new(&bytes);
        prop_assert_eq!(records.by_ref().collect::<Vec<_>>(), payloads);
        prop_assert_eq!(records.damaged(), 0);
    }

    #[test]
    fn a_torn_file_has_the_records_before(payloads in payloads(), at in any::<prop::sample::Index>()) {
        let bytes = tf(&payloads);
        let read = tfrecord::Records::new(&bytes[..at.index(bytes.len())]).map(<[u8]>::to_vec).collect::<Vec<_>>();
        prop_assert!(read.len() < payloads.len());
        prop_assert_eq!(&read[..], &payloads[..read.len()]);
        let bytes = wb(&payloads);
        let read: Vec<_> = wandb_log::Records::new(&bytes[..at.index(bytes.len())]).collect();
        prop_assert!(read.len() < payloads.len());
        prop_assert_eq!(&read[..], &payloads[..read.len()]);
    }

    #[test]
    fn damage_invents_nothing(payloads in payloads(), at in any::<prop::sample::Index>(), bit in 0..8u8) {
        let mut bytes = wb(&payloads);
        let at_byte = 7 + at.index(bytes.len() - 7);
        bytes[at_byte] ^= 1 << bit;
        for record in wandb_log::Records::new(&bytes) {
            prop_assert!(payloads.contains(&record));
        }
        let mut bytes = tf(&payloads);
        let at_byte = at.index(bytes.len());
        bytes[at_byte] ^= 1 << bit;
        for record in tfrecord::Records::new(&bytes) {
            prop_assert!(payloads.contains(&record.to_vec()));
        }
    }

    #[test]
    fn any_bytes_are_met_with_calm(bytes in vec(any::<u8>(), 0..4096)) {
        let _ = tfrecord::Records::new(&bytes).count();
        let _ = wandb_log::Records::new(&bytes).count();
        let _ = tensorboard::Event::decode(&bytes[..]);
        let _ = wandb::Record::decode(&bytes[..]);
    }
}

#[test]
fn a_lost_block_costs_no_other() {
    let payloads: Vec<Vec<u8>> = (0..40u8).map(|i| vec![i; 5000]).collect();
    let mut bytes = wb(&payloads);
    bytes[40_000] ^= 1;
    let mut records = wandb_log::Records::new(&bytes);
    let read: Vec<_> = records.by_ref().collect();
    assert!(read.len() > 30 && records.damaged() > 0, "{}", read.len());
    assert_eq!(read.last(), payloads.last());
}
