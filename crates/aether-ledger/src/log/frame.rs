//! Frames: `length u32 | crc32 u32 | payload`, little-endian. The length counts the payload alone; the checksum is
//! CRC-32 (IEEE 802.3, zlib's) of the payload.

/// Bytes before the payload.
pub const HEAD: usize = 8;

/// The longest payload. A reader takes a greater length for damage, so that no flipped bit makes it wait for gigabytes.
pub const LONGEST: usize = 1 << 20;

/// What stands at the front of some bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Front<'a> {
    /// A whole frame with this payload.
    Whole(&'a [u8]),
    /// What may be the beginning of a frame.
    Partial,
    /// No frame: the length is impossible, or the checksum is another.
    Damaged,
}

/// Looks at the front of `bytes`.
pub fn front(bytes: &[u8]) -> Front<'_> {
    let Some((head, rest)) = bytes.split_first_chunk::<HEAD>() else { return Front::Partial };
    let [a, b, c, d, e, f, g, h] = *head;
    let length = u32::from_le_bytes([a, b, c, d]) as usize;
    // An empty frame would be eight zeros, which is how a file system leaves blocks that it lost.
    if length == 0 || length > LONGEST {
        return Front::Damaged;
    }
    let Some(payload) = rest.get(..length) else { return Front::Partial };
    if crc32fast::hash(payload) == u32::from_le_bytes([e, f, g, h]) {
        Front::Whole(payload)
    } else {
        Front::Damaged
    }
}

/// Appends a frame whose payload `write` appends.
pub fn append(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let at = out.len();
    out.extend([0; HEAD]);
    write(out);
    let (head, payload) = out[at..].split_at_mut(HEAD);
    debug_assert!((1..=LONGEST).contains(&payload.len()));
    head[..4].copy_from_slice(&(payload.len() as u32).to_le_bytes());
    head[4..].copy_from_slice(&crc32fast::hash(payload).to_le_bytes());
}

/// The length of the whole frames at the front of `frames` within its first `length` bytes.
pub fn whole_within(frames: &[u8], length: usize) -> usize {
    let mut end = 0;
    while let Front::Whole(payload) = front(&frames[end..length]) {
        end += HEAD + payload.len();
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cut_is_partial_and_every_flipped_bit_is_seen() {
        let mut bytes = Vec::new();
        append(&mut bytes, |out| out.extend(b"payload"));
        assert_eq!(front(&bytes), Front::Whole(b"payload"));
        for cut in 0..bytes.len() {
            assert_eq!(front(&bytes[..cut]), Front::Partial);
        }
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(!matches!(front(&flipped), Front::Whole(_)), "bit {bit}");
        }
    }

    #[test]
    fn zeros_are_no_frames() {
        assert_eq!(front(&[0; 64]), Front::Damaged);
    }

    #[test]
    fn whole_frames_are_told_from_a_torn_one() {
        let mut bytes = Vec::new();
        append(&mut bytes, |out| out.extend(b"one"));
        let first = bytes.len();
        append(&mut bytes, |out| out.extend(b"two"));
        for length in 0..=bytes.len() {
            let whole = if length == bytes.len() {
                length
            } else if length >= first {
                first
            } else {
                0
            };
            assert_eq!(whole_within(&bytes, length), whole);
        }
    }
}
