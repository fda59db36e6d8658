//! Targets that are classes.

use std::collections::HashMap;

use super::DataError;
use super::error::abridged;
use super::frame::{Cell, Dictionary, Frame};

/// More different whole numbers than this are taken for a quantity.
const MOST_GUESSED: usize = 100;

/// Whether the target is a class: text is, and whole numbers are if there are at most a hundred different ones and
/// each occurs twice on average. Several targets are not.
pub(super) fn looks_like_classes(frame: &Frame) -> bool {
    if frame.targets.iter().any(|slot| slot.texts.is_some()) {
        return true;
    }
    if frame.targets.len() != 1 {
        return false;
    }
    let mut distinct: Vec<f32> = Vec::new();
    for &cell in &frame.target_cells {
        // Beyond 2^24 neighbours cannot be told apart. NaN and infinities have no fraction of 0.
        if cell.fract() != 0.0 || cell.abs() >= 16_777_216.0 {
            return false;
        }
        if !distinct.contains(&cell) {
            distinct.push(cell);
            if distinct.len() > MOST_GUESSED {
                return false;
            }
        }
    }
    2 * distinct.len() <= frame.rows
}

/// Makes whole numbers the texts that they are written as.
pub(super) fn numbers_to_texts(frame: &mut Frame) -> Result<(), DataError> {
    let Some(slot) = frame.targets.first_mut().filter(|slot| slot.texts.is_none()) else {
        return Ok(());
    };
    let texts = slot.texts.insert(Dictionary::of_classes());
    let mut known: HashMap<u32, f32> = HashMap::new();
    for cell in &mut frame.target_cells {
        *cell = match known.get(&cell.to_bits()) {
            Some(&place) => place,
            None => {
                let place = texts.cell(&cell.to_string(), &slot.name)?;
                known.insert(cell.to_bits(), place);
                place
            }
        };
    }
    Ok(())
}

/// The names of the classes in the order of their numbers.
#[derive(Debug)]
pub(super) struct Classes {
    pub(super) names: Vec<String>,
}

impl Classes {
    /// The classes that occur in `rows`: sorted as numbers if all are, else as text.
    pub(super) fn fit(frame: &Frame, rows: &[u32]) -> Result<Self, DataError> {
        let (column, texts) = target(frame)?;
        let mut used = vec![false; texts.len()];
        for &row in rows {
            used[frame.target_cells[row as usize] as usize] = true;
        }
        let used = texts.iter().zip(used).filter_map(|(text, used)| used.then_some(text));
        let mut names: Vec<String> = used.map(str::to_owned).collect();
        let numbers: Option<Vec<f64>> = names.iter().map(|name| name.parse().ok()).collect();
        match numbers {
            Some(numbers) => {
                let mut both: Vec<(f64, String)> = numbers.into_iter().zip(names).collect();
                both.sort_by(|a, b| a.0.total_cmp(&b.0));
                names = both.into_iter().map(|(_, name)| name).collect();
            }
            None => names.sort_unstable(),
        }
        if let [class] = names.as_slice() {
            let (path, column, class) = (frame.path.clone(), column.to_owned(), class.clone());
            return Err(DataError::OneClass { path, column, class });
        }
        Ok(Self { names })
    }

    /// The class number of every row.
    pub(super) fn apply(&self, frame: &Frame) -> Result<Vec<u32>, DataError> {
        let (column, texts) = target(frame)?;
        let known: HashMap<&str, u32> = self.names.iter().map(String::as_str).zip(0..).collect();
        let numbers: Vec<Option<u32>> = texts.iter().map(|text| known.get(text).copied()).collect();
        let class = |(row, &cell): (usize, &f32)| {
            numbers[cell as usize].ok_or_else(|| DataError::UnseenClass {
                path: frame.path.clone(),
                line: frame.lines.of(row),
                column: column.to_owned(),
                class: texts.text(cell).to_owned(),
                known: abridged(&self.names),
            })
        };
        frame.target_cells.iter().enumerate().map(class).collect()
    }
}

/// The target column's name and texts.
fn target(frame: &Frame) -> Result<(&str, &Dictionary), DataError> {
    let [slot] = frame.targets.as_slice() else {
        let problem =
            "a classification has one target column: name one, or say `task: regression`".to_owned();
        return Err(DataError::Parameter { name: frame.path.display().to_string(), problem });
    };
    let Some(texts) = &slot.texts else {
        let problem =
            format!("`{}` holds numbers: say `task: classification` to make them classes", slot.name);
        return Err(DataError::Parameter { name: frame.path.display().to_string(), problem });
    };
    // `nan_cells: keep` lets empty cells in, but nobody can be in the class of the unknown.
    if let Some(row) = frame.target_cells.iter().position(|&cell| texts.text(cell).is_empty()) {
        return Err(Cell { path: &frame.path, line: frame.lines.of(row), column: &slot.name }.missing(""));
    }
    Ok((&slot.name, texts))
}
