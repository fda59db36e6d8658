//! The names that runs say, read out of their packed details: whoever lists all names of ten thousand runs need not
//! unpack all that is known of them.

use std::fmt;

use serde::{
    Deserializer,
    de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor},
};

use super::details::Details;

/// What a name names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NameOf {
    /// A word to find a run by.
    Tag,
    /// A parameter, by its path.
    Parameter,
    /// A metric, or a value that stands for the run.
    Metric,
}

/// Hears names, each as often as it is said.
pub(super) type Heard<'h> = &'h mut dyn FnMut(NameOf, &str);

/// Says the names of details.
pub(super) fn of(details: &Details, heard: Heard<'_>) {
    details.tags.iter().for_each(|tag| heard(NameOf::Tag, tag));
    details.parameters.keys().for_each(|name| heard(NameOf::Parameter, name));
    details.summary.keys().for_each(|name| heard(NameOf::Metric, name));
    details.metrics.keys().for_each(|name| heard(NameOf::Metric, name));
}

/// Says the names of details that are JSON.
pub(super) fn of_packed(bytes: &[u8], heard: Heard<'_>) -> serde_json::Result<()> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    PackedDetails(heard).deserialize(&mut json)
}

struct PackedDetails<'h>(Heard<'h>);

impl<'de> DeserializeSeed<'de> for PackedDetails<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for PackedDetails<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the details of a run")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<(), M::Error> {
        while let Some(field) = map.next_key::<Field>()? {
            match field {
                Field::Tags => map.next_value_seed(Names(NameOf::Tag, self.0))?,
                Field::Parameters => map.next_value_seed(Names(NameOf::Parameter, self.0))?,
                Field::Summary | Field::Metrics => map.next_value_seed(Names(NameOf::Metric, self.0))?,
                Field::Other => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

#[derive(serde::Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum Field {
    Tags,
    Parameters,
    Summary,
    Metrics,
    #[serde(other)]
    Other,
}

/// A list of names, or a table whose names are wanted and not its values.
struct Names<'h>(NameOf, Heard<'h>);

impl<'de> DeserializeSeed<'de> for Names<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Names<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("names")
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut all: S) -> Result<(), S::Error> {
        while all.next_element_seed(Name(self.0, self.1))?.is_some() {}
        Ok(())
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<(), M::Error> {
        while map.next_key_seed(Name(self.0, self.1))?.is_some() {
            map.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }
}

struct Name<'h>(NameOf, Heard<'h>);

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_str(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<(), E> {
        (self.1)(self.0, name);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    proptest! {
        #[test]
        fn packed_and_unpacked_say_the_same(
            tags in prop::collection::vec(".{0,6}", 0..4),
            parameters in prop::collection::btree_set(".{0,6}", 0..4),
            summary in prop::collection::btree_set(".{0,6}", 0..4),
        ) {
            let details = Details {
                tags,
                parameters: parameters.iter().map(|name| (name, json!({"not": ["a", "name"]}))).collect(),
                summary: summary.iter().map(|name| (name, json!(1.5))).collect(),
                ..Details::default()
            };
            let (mut said, mut packed) = (Vec::new(), Vec::new());
            of(&details, &mut |of, name| said.push((of, name.to_owned())));
            let bytes = serde_json::to_vec(&details).unwrap();
            of_packed(&bytes, &mut |of, name| packed.push((of, name.to_owned()))).unwrap();
            prop_assert_eq!(said.len(), details.tags.len() + parameters.len() + summary.len());
            prop_assert_eq!(packed, said);
        }
    }

    #[test]
    fn what_is_no_details_is_an_error() {
        for bytes in [&b"[1]"[..], b"{\"tags\":[1]}", b"{\"tags\":3}", b"{\"metrics\":{\"a\":1}"] {
            assert!(of_packed(bytes, &mut |_, _| ()).is_err(), "{bytes:?}");
        }
    }
}
