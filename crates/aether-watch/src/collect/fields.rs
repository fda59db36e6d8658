//! The forms in which the kernel writes numbers.

/// The lines of a text.
pub(crate) fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|&byte| byte == b'\n').filter(|line| !line.is_empty())
}

/// The fields of a line, between blanks.
pub(crate) fn fields(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(u8::is_ascii_whitespace).filter(|field| !field.is_empty())
}

/// A number in decimal digits, with blanks around it. None for anything else, also for one beyond 64 bits.
pub(crate) fn number(text: &[u8]) -> Option<u64> {
    let digits = text.trim_ascii();
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0u64, |number, byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

/// The number behind `key` in lines `key number` or `key: number unit`.
pub(crate) fn keyed(text: &[u8], key: &[u8]) -> Option<u64> {
    lines(text).find_map(|line| {
        let rest = line.strip_prefix(key)?;
        let rest = rest.strip_prefix(b":").or_else(|| rest.strip_prefix(b" "))?;
        number(fields(rest).next()?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_a_number() {
        assert_eq!(number(b" 42\n"), Some(42));
        assert_eq!(number(b"18446744073709551615"), Some(u64::MAX));
        for bad in ["", "-1", "1.5", "max", "18446744073709551616", "1 2"] {
            assert_eq!(number(bad.as_bytes()), None, "{bad}");
        }
        assert_eq!(keyed(b"a 1\nab: 2 kB\n", b"ab"), Some(2));
        assert_eq!(keyed(b"ab 2\n", b"a"), None);
    }

    proptest! {
        #[test]
        fn every_number_is_read_back(n: u64) {
            prop_assert_eq!(number(n.to_string().as_bytes()), Some(n));
        }

        #[test]
        fn no_text_is_too_strange(text: Vec<u8>) {
            number(&text);
            keyed(&text, b"x");
            lines(&text).for_each(|line| fields(line).for_each(|_| {}));
        }
    }
}
