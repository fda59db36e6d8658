//! Images and histograms of other tools.

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use aether_core::{Event, Level, signal::Nanos};
use aether_ledger::{Blob, Blobs};
use serde_json::json;

use super::ForeignRun;
use crate::ExchangeError;

/// An image of another tool, as a file of a usual kind.
#[derive(Debug, Clone, PartialEq)]
pub struct ForeignImage {
    /// When it was said.
    pub time: Nanos,
    /// At which step.
    pub step: u64,
    /// What it is called.
    pub name: String,
    /// Width and height in pixels, if they are known.
    pub size: Option<(u64, u64)>,
    /// Words below it.
    pub caption: Option<String>,
    /// Where its bytes are.
    pub content: Content,
}

/// The bytes of an image.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// Here.
    Bytes(Vec<u8>),
    /// In a file.
    File(PathBuf),
}

impl ForeignImage {
    /// Keeps its bytes. Returns the event that names them; none if they are no image of a kind that is known.
    pub(super) fn keep(&self, blobs: &Blobs) -> Result<Option<Event>, ExchangeError> {
        let bytes;
        let bytes = match &self.content {
            Content::Bytes(bytes) => bytes,
            Content::File(path) => {
                bytes = std::fs::read(path).map_err(ExchangeError::io("read", path))?;
                &bytes
            }
        };
        let Some(media) = media(bytes) else { return Ok(None) };
        let Blob { digest, .. } = blobs.put(bytes)?;
        let mut fields = serde_json::Map::new();
        fields.insert("name".to_owned(), json!(self.name));
        fields.insert("digest".to_owned(), json!(digest.to_string()));
        fields.insert("media".to_owned(), json!(media));
        if let Some((width, height)) = self.size {
            fields.insert("width".to_owned(), json!(width));
            fields.insert("height".to_owned(), json!(height));
        }
        if let Some(caption) = &self.caption {
            fields.insert("caption".to_owned(), json!(caption));
        }
        let (kind, level, step) = ("image".to_owned(), Level::Info, self.step);
        let message = self.caption.clone().unwrap_or_else(|| self.name.clone());
        Ok(Some(Event { kind, level, step, message, fields }))
    }
}

/// Whether a file is an image of a kind that is known.
pub(super) fn is_image(path: &Path) -> bool {
    let mut head = [0; 12];
    File::open(path).and_then(|mut file| file.read_exact(&mut head)).is_ok() && media(&head).is_some()
}

/// What kind of image a file is, by its first bytes.
fn media(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x89, b'P', b'N', b'G', ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'G', b'I', b'F', b'8', ..] => Some("image/gif"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        _ => None,
    }
}

impl ForeignRun {
    /// Adds a histogram; `false` if its edges are no finite ascending numbers, one more than there are counts.
    pub(super) fn histogram(
        &mut self,
        time: Nanos,
        step: u64,
        name: &str,
        edges: &[f64],
        counts: &[f64],
    ) -> bool {
        let ascend = edges.windows(2).all(|pair| pair[0] < pair[1]);
        if counts.is_empty() || edges.len() != counts.len() + 1 || !ascend {
            return false;
        }
        if !edges.iter().chain(counts).all(|number| number.is_finite()) {
            return false;
        }
        let fields = json!({"name": name, "edges": edges, "counts": counts});
        self.event(time, "histogram", Level::Info, step, format!("Histogram {name}"), fields);
        true
    }
}
