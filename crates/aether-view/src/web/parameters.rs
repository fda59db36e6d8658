//! What stands behind the `?` of an address.

use std::str::FromStr;

use aether_core::suggest;

use super::answer::Fault;

/// Parameters of a request, in their order.
#[derive(Debug, Default)]
pub(crate) struct Parameters {
    all: Vec<(String, String)>,
    known: &'static [&'static str],
}

impl Parameters {
    /// Reads them; one that is none of `known` is refused, so that a typing error is not passed over.
    pub(crate) fn read(raw: Option<&str>, known: &'static [&'static str]) -> Result<Self, Fault> {
        let all: Vec<(String, String)> =
            form_urlencoded::parse(raw.unwrap_or_default().as_bytes()).into_owned().collect();
        match all.iter().find(|(name, _)| !known.contains(&name.as_str())) {
            None => Ok(Self { all, known }),
            Some((name, _)) => {
                let help = suggest::help(name, known).unwrap_or_else(|| "it takes none".to_owned());
                Err(Fault::wrong(format!("no parameter '{}' here", name.escape_debug()), help))
            }
        }
    }

    /// The value of one; an empty one is as good as none.
    pub(crate) fn one(&self, name: &'static str) -> Option<&str> {
        self.all(name).next().filter(|value| !value.is_empty())
    }

    /// The values of one that may stand there more than once.
    pub(crate) fn all(&self, name: &'static str) -> impl Iterator<Item = &str> {
        debug_assert!(self.known.contains(&name), "an address takes no '{name}'");
        self.all.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// A value that is to be read as something else.
    pub(crate) fn parsed<T: FromStr>(&self, name: &'static str, what: &str) -> Result<Option<T>, Fault> {
        let read = |value: &str| {
            value
                .parse()
                .map_err(|_| Fault::wrong(format!("{name}={}", value.escape_debug()), what.to_owned()))
        };
        self.one(name).map(read).transpose()
    }

    /// A number within bounds; one beyond them is the bound.
    pub(crate) fn number(&self, name: &'static str, default: usize, most: usize) -> Result<usize, Fault> {
        Ok(self.parsed(name, "it takes a whole number")?.unwrap_or(default).min(most))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_decoded_and_may_repeat() {
        let read =
            Parameters::read(Some("metric=a%2Fb&metric=c+d&most=7"), &["metric", "most", "other"]).unwrap();
        assert_eq!(read.all("metric").collect::<Vec<_>>(), ["a/b", "c d"]);
        assert_eq!(read.number("most", 1, 5).unwrap(), 5);
        assert_eq!(read.number("other", 1, 5).unwrap(), 1);
    }

    #[test]
    fn a_typing_error_is_met_with_the_nearest() {
        let fault = Parameters::read(Some("metrc=a"), &["metric"]).unwrap_err();
        assert!(fault.help.contains("metric"), "{fault:?}");
        assert!(Parameters::read(Some("most=x"), &["most"]).unwrap().number("most", 1, 5).is_err());
    }
}
