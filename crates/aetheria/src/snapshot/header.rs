//! What a snapshot says besides its tensors, and how that is laid out in `__metadata__`: one string a section, JSON
//! but for the plain words `format`, `format_version`, `aether_version` and `written`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{FORMAT, VERSION};
use crate::{
    data::{DataSpec, Dataset, Encoder},
    train::Progress,
};

/// What a snapshot says besides its tensors.
#[derive(Debug, Clone, PartialEq)]
pub struct Header {
    /// The program that wrote it.
    pub aether_version: String,
    /// When it was written.
    pub written: Timestamp,
    /// The experiment, resolved.
    pub experiment: Value,
    /// What it was trained on.
    pub data: DataRecord,
    /// Where the training stood.
    pub progress: Progress,
    /// What callbacks remember, by their names.
    pub callbacks: BTreeMap<String, Value>,
}

/// What a snapshot remembers of the data set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DataRecord {
    /// What it is called.
    pub name: String,
    /// What a model must know of it.
    pub spec: DataSpec,
    /// [`Dataset::fingerprint`], as 16 hexadecimal digits, because JSON's numbers are not safe above 2^53.
    pub fingerprint: String,
    /// How raw rows become inputs.
    pub encoder: Option<Encoder>,
}

impl From<&Dataset> for DataRecord {
    fn from(data: &Dataset) -> Self {
        Self {
            name: data.name.clone(),
            spec: data.spec.clone(),
            fingerprint: format!("{:016x}", data.fingerprint),
            encoder: data.encoder.clone(),
        }
    }
}

/// A tensor as the metadata records it, to notice an altered header and altered content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct TensorRecord {
    pub(super) shape: Vec<usize>,
    /// CRC-32 (IEEE) of its bytes, 8 hexadecimal digits.
    pub(super) crc32: String,
}

pub(super) type Sections = BTreeMap<String, String>;

/// The key of the checksum over all other sections.
pub(super) const SECTIONS_CRC: &str = "metadata_crc32";

/// The key of the tensors' records.
const TENSORS: &str = "tensors";

impl Header {
    /// The sections of `__metadata__`, checksum included.
    pub(super) fn sections(&self, tensors: &BTreeMap<String, TensorRecord>) -> serde_json::Result<Sections> {
        let mut sections = Sections::from([
            ("format".to_owned(), FORMAT.to_owned()),
            ("format_version".to_owned(), VERSION.to_string()),
            ("aether_version".to_owned(), self.aether_version.clone()),
            ("written".to_owned(), self.written.to_string()),
            ("experiment".to_owned(), serde_json::to_string(&self.experiment)?),
            ("data".to_owned(), serde_json::to_string(&self.data)?),
            ("progress".to_owned(), serde_json::to_string(&self.progress)?),
            ("callbacks".to_owned(), serde_json::to_string(&self.callbacks)?),
            (TENSORS.to_owned(), serde_json::to_string(tensors)?),
        ]);
        sections.insert(SECTIONS_CRC.to_owned(), checksum(&sections));
        Ok(sections)
    }

    /// Reads the sections back.
    ///
    /// # Errors
    /// Names the section that cannot be read, and why.
    pub(super) fn parse(sections: &Sections) -> Result<(Self, BTreeMap<String, TensorRecord>), String> {
        let header = Self {
            aether_version: text(sections, "aether_version")?.to_owned(),
            written: text(sections, "written")?.parse().map_err(|e| format!("section written: {e}"))?,
            experiment: json(sections, "experiment")?,
            data: json(sections, "data")?,
            progress: json(sections, "progress")?,
            callbacks: json(sections, "callbacks")?,
        };
        Ok((header, json(sections, TENSORS)?))
    }
}

fn text<'a>(sections: &'a Sections, key: &str) -> Result<&'a str, String> {
    sections.get(key).map(String::as_str).ok_or_else(|| format!("it has no section {key}"))
}

fn json<T: DeserializeOwned>(sections: &Sections, key: &str) -> Result<T, String> {
    serde_json::from_str(text(sections, key)?).map_err(|e| format!("section {key}: {e}"))
}

/// CRC-32 over key, a zero byte, value, a zero byte of every section but the checksum, keys ascending by bytes; as 8
/// hexadecimal digits.
pub(super) fn checksum(sections: &Sections) -> String {
    let mut crc = crc32fast::Hasher::new();
    for (key, value) in sections.iter().filter(|(key, _)| *key != SECTIONS_CRC) {
        for part in [key.as_bytes(), &[0], value.as_bytes(), &[0]] {
            crc.update(part);
        }
    }
    hex(crc.finalize())
}

/// A checksum as it is written.
pub(super) fn hex(crc: u32) -> String {
    format!("{crc:08x}")
}
