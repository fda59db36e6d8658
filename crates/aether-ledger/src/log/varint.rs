//! Whole numbers in as few bytes as they need: LEB128 as in DWARF and Protocol Buffers, seven bits a byte, the least
//! significant first; signed ones zigzag-coded, so that small negative ones are short too.

/// The number is longer than 64 bits or the payload ends within it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed;

pub(super) fn put(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Takes a number off the front of `bytes`.
pub(super) fn take(bytes: &mut &[u8]) -> Result<u64, Malformed> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first().ok_or(Malformed)?;
        *bytes = rest;
        let bits = u64::from(byte & 0x7f);
        // The tenth byte has room for the last bit only.
        if shift == 63 && bits > 1 {
            return Err(Malformed);
        }
        number |= bits << shift;
        if byte < 0x80 {
            return Ok(number);
        }
    }
    Err(Malformed)
}

pub(super) fn put_signed(out: &mut Vec<u8>, number: i64) {
    put(out, ((number << 1) ^ (number >> 63)) as u64);
}

pub(super) fn take_signed(bytes: &mut &[u8]) -> Result<i64, Malformed> {
    let number = take(bytes)?;
    Ok((number >> 1) as i64 ^ -((number & 1) as i64))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_examples_of_the_specification() {
        for (number, bytes) in [(0, &[0][..]), (127, &[0x7f]), (128, &[0x80, 1]), (300, &[0xac, 2])] {
            let mut out = Vec::new();
            put(&mut out, number);
            assert_eq!(out, bytes);
        }
        for (number, byte) in [(0, 0), (-1, 1), (1, 2), (-2, 3)] {
            let mut out = Vec::new();
            put_signed(&mut out, number);
            assert_eq!(out, [byte]);
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        assert_eq!(take(&mut &[][..]), Err(Malformed));
        assert_eq!(take(&mut &[0x80][..]), Err(Malformed));
        assert_eq!(take(&mut &[0xff; 11][..]), Err(Malformed));
        let mut too_long = [0xff; 10];
        too_long[9] = 2;
        assert_eq!(take(&mut &too_long[..]), Err(Malformed));
    }

    proptest! {
        #[test]
        fn a_number_survives(number: u64, signed: i64) {
            let mut out = Vec::new();
            put(&mut out, number);
            put_signed(&mut out, signed);
            let mut rest = &out[..];
            prop_assert_eq!(take(&mut rest), Ok(number));
            prop_assert_eq!(take_signed(&mut rest), Ok(signed));
            prop_assert!(rest.is_empty());
        }
    }
}
