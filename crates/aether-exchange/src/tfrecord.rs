//! TFRecord: the frames of TensorBoard's event files.
//!
//! `length u64 | masked crc32c of length u32 | payload | masked crc32c of payload u32`, little-endian. Source: TensorFlow's
//! `record_writer.h`. The mask is from its `crc32c.h`: rotate right by 15 bits, add `0xa282ead8`.

/// The checksum as TFRecord writes it.
fn masked(bytes: &[u8]) -> u32 {
    crc32c::crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8)
}

/// Appends a payload's frame.
pub fn append(out: &mut Vec<u8>, payload: &[u8]) {
    let length = (payload.len() as u64).to_le_bytes();
    out.extend_from_slice(&length);
    out.extend_from_slice(&masked(&length).to_le_bytes());
    out.extend_from_slice(payload);
    out.extend_from_slice(&masked(payload).to_le_bytes());
}

/// The payloads of a file, up to where it ends or is damaged.
#[derive(Debug)]
pub struct Records<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Records<'a> {
    /// Of the whole content of a file.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Where the last whole frame ended: the length of the file, when nothing is torn or damaged.
    pub fn end(&self) -> usize {
        self.at
    }

    fn whole(&self) -> Option<(&'a [u8], usize)> {
        let rest = &self.bytes[self.at..];
        let (head, rest) = rest.split_at_checked(12)?;
        let (length, check) = head.split_at(8);
        // Nothing is believed of a length whose checksum does not fit, so a damaged one allocates nothing.
        if masked(length).to_le_bytes() != check {
            return None;
        }
        let length = usize::try_from(u64::from_le_bytes(length.try_into().ok()?)).ok()?;
        let (payload, rest) = rest.split_at_checked(length)?;
        (masked(payload).to_le_bytes() == *rest.get(..4)?).then_some((payload, 16 + length))
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let (payload, length) = self.whole()?;
        self.at += length;
        Some(payload)
    }
}
