//! Looks for a text in what a run printed, as `less` does, whatever the case of its letters.

use std::ops::Range;

use ratatui_crossterm::crossterm::event::KeyCode;

use super::{App, Pane, keys};
use crate::top::printed::Printed;

/// What is looked for in a log, and where it was found.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Find {
    /// The text that holds, and the one that is being typed.
    pub(crate) text: String,
    pub(crate) typing: Option<String>,
    /// The line that was found, counted from the last one on, as lines are scrolled.
    pub(crate) at: Option<usize>,
    /// Lines in sight when they were last drawn.
    pub(crate) height: usize,
}

impl Find {
    /// What is looked for just now.
    pub(crate) fn sought(&self) -> &str {
        self.typing.as_deref().unwrap_or(&self.text)
    }
}

/// How many bytes of the beginning of `rest` are these letters, which are small ones.
fn begins(rest: &str, mut letters: &[char]) -> Option<usize> {
    for (at, letter) in rest.char_indices() {
        if letters.is_empty() {
            return Some(at);
        }
        for small in letter.to_lowercase() {
            match letters.split_first() {
                Some((first, more)) if *first == small => letters = more,
                Some(_) => return None,
                // The rest of a letter that has several small ones.
                None => {}
            }
        }
    }
    letters.is_empty().then_some(rest.len())
}

/// Where `text` stands in a line.
pub(crate) fn places(line: &str, text: &str) -> Vec<Range<usize>> {
    let letters: Vec<char> = text.chars().flat_map(char::to_lowercase).collect();
    let mut found = Vec::new();
    let mut free = 0;
    for (at, _) in line.char_indices().filter(|_| !letters.is_empty()) {
        if at >= free
            && let Some(length) = begins(&line[at..], &letters)
        {
            free = at + length;
            found.push(at..free);
        }
    }
    found
}

impl App {
    /// Begins to type what is looked for.
    pub(super) fn find(&mut self) {
        self.find.typing = Some(String::new());
    }

    /// Takes a letter of what is looked for.
    pub(super) fn type_find(&mut self, code: KeyCode, control: bool) {
        let Some(typing) = &mut self.find.typing else { return };
        match code {
            KeyCode::Enter => {
                self.find.text = std::mem::take(typing);
                (self.find.typing, self.find.at) = (None, None);
                self.jump(true);
            }
            KeyCode::Esc => self.find.typing = None,
            code => keys::edit(typing, code, control),
        }
    }

    /// The lines with what is looked for, counted from the last one on.
    pub(crate) fn found_in(&self, lines: &[Printed]) -> Vec<usize> {
        let sought = self.find.sought();
        let found = lines.iter().rev().enumerate().filter(|(_, line)| !places(&line.text, sought).is_empty());
        found.map(|(at, _)| at).collect()
    }

    /// Goes to the next line above the one that was found, or below it; from an end on to the other. From a place that
    /// one scrolled away from, it begins with what is in sight.
    pub(super) fn jump(&mut self, up: bool) {
        let all = self.run.as_ref().map_or_else(Vec::new, |run| self.found_in(&run.log));
        let scrolled = &mut self.scrolled[Pane::Log.number()];
        let seen = *scrolled..*scrolled + self.find.height.max(1);
        let here = self.find.at.filter(|at| seen.contains(at));
        let next = match (here, up) {
            (Some(here), true) => all.iter().find(|at| **at > here),
            (None, true) => all.iter().find(|at| **at >= seen.start),
            (Some(here), false) => all.iter().rfind(|at| **at < here),
            (None, false) => all.iter().rfind(|at| **at < seen.end),
        };
        let next = next.or(if up { all.first() } else { all.last() }).copied();
        self.find.at = next;
        if let Some(at) = next.filter(|at| !seen.contains(at)) {
            *scrolled = at.saturating_sub(self.find.height / 2);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_found_whatever_its_case() {
        assert_eq!(places("Loss: a LOSS, a loss", "loss"), [0..4, 8..12, 16..20]);
        assert_eq!(places("aaaa", "aa"), [0..2, 2..4]);
        assert!(places("Größe", "GRÖ").iter().eq([&(0..4)]));
        // A letter of which the small form has two.
        assert!(places("xİy", "i").iter().eq([&(1..3)]));
        assert!(
            places("loss", "").is_empty() && places("", "x").is_empty() && places("los", "loss").is_empty()
        );
    }
}
