//! Values by name. Ten thousand runs say the same few names, and each says a few of them: a name is in memory once,
//! whoever says it, and a table takes no more than what is in it. Maps take five times as much.

use std::{
    collections::HashSet,
    fmt,
    marker::PhantomData,
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{MapAccess, Visitor},
};
use serde_json::{Map, Value};

/// So many names are kept before it is looked for those that nobody says any more.
const FEW: usize = 4096;

/// Names that were said.
struct Names {
    known: HashSet<Arc<str>>,
    /// Beyond so many, those that nobody says any more are forgotten.
    most: usize,
}

static NAMES: LazyLock<Mutex<Names>> =
    LazyLock::new(|| Mutex::new(Names { known: HashSet::new(), most: FEW }));

impl Names {
    fn shared(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.known.get(name) {
            return Arc::clone(known);
        }
        if self.known.len() >= self.most {
            self.known.retain(|known| Arc::strong_count(known) > 1);
            self.most = FEW.max(2 * self.known.len());
        }
        let name: Arc<str> = name.into();
        self.known.insert(Arc::clone(&name));
        name
    }
}

/// Values by name, in the order in which they were said. A value is looked for from the first on: there are a few
/// hundred at most.
#[derive(Clone, PartialEq)]
pub struct Named<V>(Box<[(Arc<str>, V)]>);

impl<V> Named<V> {
    /// The value of this name.
    pub fn get(&self, name: &str) -> Option<&V> {
        self.0.iter().find(|(known, _)| **known == *name).map(|(_, value)| value)
    }

    /// The names.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &str> {
        self.0.iter().map(|(name, _)| &**name)
    }

    /// The values.
    pub fn values(&self) -> impl ExactSizeIterator<Item = &V> {
        self.0.iter().map(|(_, value)| value)
    }

    /// Names and values.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &V)> {
        self.0.iter().map(|(name, value)| (&**name, value))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Named<Value> {
    /// The same as JSON has it.
    pub fn to_map(&self) -> Map<String, Value> {
        self.iter().map(|(name, value)| (name.to_owned(), value.clone())).collect()
    }
}

impl<V> Default for Named<V> {
    fn default() -> Self {
        Self(Box::default())
    }
}

impl<V: fmt::Debug> fmt::Debug for Named<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// Of names that are there once each, as those of a map are.
impl<K: AsRef<str>, V> FromIterator<(K, V)> for Named<V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(all: I) -> Self {
        // Not locked while others' iterators work.
        let all: Vec<(K, V)> = all.into_iter().collect();
        let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
        Self(all.into_iter().map(|(name, value)| (names.shared(name.as_ref()), value)).collect())
    }
}

impl<V: Serialize> Serialize for Named<V> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.iter())
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Named<V> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Table<V>(PhantomData<V>);

        impl<'de, V: Deserialize<'de>> Visitor<'de> for Table<V> {
            type Value = Named<V>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("values by name")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Named<V>, M::Error> {
                let mut all: Vec<(String, V)> = Vec::new();
                while let Some(next) = map.next_entry()? {
                    all.push(next);
                }
                Ok(all.into_iter().collect())
            }
        }

        from.deserialize_map(Table(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(names: &[&str]) -> Named<usize> {
        names.iter().enumerate().map(|(at, name)| (name, at)).collect()
    }

    #[test]
    fn values_are_found_and_their_order_is_kept() {
        let table = table(&["loss", "", "accuracy"]);
        assert_eq!(table.keys().collect::<Vec<_>>(), ["loss", "", "accuracy"]);
        assert_eq!((table.get("accuracy"), table.get(""), table.get("los")), (Some(&2), Some(&1), None));
        let json = serde_json::to_string(&table).unwrap();
        assert_eq!(json, r#"{"loss":0,"":1,"accuracy":2}"#);
        assert_eq!(serde_json::from_str::<Named<usize>>(&json).unwrap(), table);
        assert!(serde_json::from_str::<Named<usize>>("[1]").is_err());
    }

    #[test]
    fn a_name_is_there_once_and_goes_when_nobody_says_it() {
        let (a, b) = (table(&["a name that two tables have"]), table(&["a name that two tables have"]));
        assert!(Arc::ptr_eq(&a.0[0].0, &b.0[0].0));
        let mut names = Names { known: HashSet::new(), most: FEW };
        let kept = names.shared("kept");
        for number in 0..3 * FEW {
            names.shared(&number.to_string());
        }
        assert!(names.known.len() <= FEW);
        assert!(Arc::ptr_eq(&kept, &names.shared("kept")));
    }
}
