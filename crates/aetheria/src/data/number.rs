//! Numbers in text.

/// The number that `text` spells, rounded to the nearest; `None` if it spells none. What it accepts is what Rust's
/// `f32` accepts, NaN and infinities included.
pub(super) fn parse(text: &[u8]) -> Option<f32> {
    if let Some(number) = short(text) {
        return Some(number);
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// Powers of ten that are exact in 32 bits.
const EXACT: [f32; 11] = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10];

/// Plain decimals of few digits, which most cells are. Digits below 2^24 and a power of ten up to 10^10 are both
/// exact, so their quotient is rounded once, and so correctly (Clinger: "How to read floating point numbers
/// accurately", PLDI 1990).
fn short(text: &[u8]) -> Option<f32> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    // More could overflow; ten with the point still hold any seven digits behind zeros.
    if digits.is_empty() || digits.len() > 10 {
        return None;
    }
    let (mut value, mut point) = (0u64, None);
    for (place, &byte) in digits.iter().enumerate() {
        let digit = byte.wrapping_sub(b'0');
        if digit < 10 {
            value = value * 10 + u64::from(digit);
        } else if byte == b'.' && point.is_none() {
            point = Some(place);
        } else {
            return None;
        }
    }
    if value >= 1 << 24 || (point.is_some() && digits.len() == 1) {
        return None;
    }
    let decimals = point.map_or(0, |place| digits.len() - 1 - place);
    let magnitude = value as f32 / EXACT[decimals];
    Some(if negative { -magnitude } else { magnitude })
}

/// Whether `text` is one of the ways to say that there is no value.
pub(super) fn is_missing(text: &[u8]) -> bool {
    const WORDS: [&[u8]; 6] = [b"nan", b"na", b"n/a", b"null", b"none", b"?"];
    text.is_empty() || WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn std(text: &str) -> Option<f32> {
        text.parse().ok()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]

        #[test]
        fn as_the_standard_library_reads_it(text in "[-+]?[0-9]{0,9}[.]?[0-9]{0,9}(e[-+]?[0-9]{1,2})?") {
            prop_assert_eq!(parse(text.as_bytes()).map(f32::to_bits), std(&text).map(f32::to_bits));
        }

        #[test]
        fn any_text_is_a_number_for_both_or_for_neither(text in "[-+.e0-9naif ]{0,6}") {
            let (ours, theirs) = (parse(text.as_bytes()), std(&text));
            prop_assert!(ours == theirs || (ours.is_some_and(f32::is_nan) && theirs.is_some_and(f32::is_nan)));
        }

        #[test]
        fn what_was_written_is_read(number: f32) {
            let read = parse(format!("{number}").as_bytes()).unwrap();
            prop_assert!(read.to_bits() == number.to_bits() || (read.is_nan() && number.is_nan()));
        }
    }

    #[test]
    fn no_value() {
        for text in ["", "NaN", "NA", "n/a", "NULL", "None", "?"] {
            assert!(is_missing(text.as_bytes()), "{text}");
        }
        for text in ["0", "nano", "-", " "] {
            assert!(!is_missing(text.as_bytes()), "{text}");
        }
    }
}
