//! Where a value was written.

use std::{ops::Range, sync::Arc};

/// A text that was read: a file, or an override from the command line.
#[derive(Debug)]
pub(super) struct Source {
    /// How messages call it.
    pub(super) name: String,
    /// All of it.
    pub(super) text: String,
    /// Whether it is a command line's argument, which has no lines to count.
    pub(super) inline: bool,
}

/// A piece of a source.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) source: Arc<Source>,
    /// In bytes, on boundaries of characters.
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Place {
    pub(super) fn new(source: &Arc<Source>, span: Range<usize>) -> Self {
        let clamp = |at: usize| {
            let mut at = at.min(source.text.len());
            while !source.text.is_char_boundary(at) {
                at -= 1;
            }
            at
        };
        let start = clamp(span.start);
        Self { source: Arc::clone(source), start, end: clamp(span.end).max(start) }
    }

    /// The line on which it begins, without its end, in bytes of the source.
    pub(super) fn line(&self) -> Range<usize> {
        let text = &self.source.text;
        let start = text[..self.start].rfind('\n').map_or(0, |at| at + 1);
        let end = text[self.start..].find('\n').map_or(text.len(), |at| self.start + at);
        let end = if text[..end].ends_with('\r') { end - 1 } else { end };
        start..end.max(self.start)
    }

    /// Line and column, from 1, the column in characters.
    pub(super) fn position(&self) -> (usize, usize) {
        let before = &self.source.text[..self.start];
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        (before.matches('\n').count() + 1, before[start..].chars().count() + 1)
    }

    /// What is written there.
    pub(super) fn text(&self) -> &str {
        &self.source.text[self.start..self.end]
    }
}
