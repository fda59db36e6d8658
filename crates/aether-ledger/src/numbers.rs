//! Which series the numbers of a log stand for. Numbers are nearly always given from 0 up; others cost more.

use std::collections::BTreeMap;

/// Numbers below this are looked up in a table.
const DENSE: usize = 1 << 20;

/// Stands in the table for none.
const NONE: u32 = u32::MAX;

/// A map from a metric's number to the place of its series.
#[derive(Debug, Default)]
pub(crate) struct Numbers {
    dense: Vec<u32>,
    sparse: BTreeMap<u32, u32>,
}

impl Numbers {
    #[inline]
    pub(crate) fn get(&self, number: u32) -> Option<usize> {
        match self.dense.get(number as usize) {
            Some(&NONE) => None,
            Some(&series) => Some(series as usize),
            None if number as usize >= DENSE => self.sparse.get(&number).map(|&series| series as usize),
            None => None,
        }
    }

    pub(crate) fn insert(&mut self, number: u32, series: usize) {
        let at = number as usize;
        if at >= DENSE {
            self.sparse.insert(number, series as u32);
            return;
        }
        if at >= self.dense.len() {
            self.dense.resize(at + 1, NONE);
        }
        self.dense[at] = series as u32;
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, u32)> {
        let dense = self.dense.iter().enumerate().filter(|(_, series)| **series != NONE);
        dense.map(|(at, &series)| (at as u32, series)).chain(self.sparse.iter().map(|(&n, &s)| (n, s)))
    }
}

impl FromIterator<(u32, u32)> for Numbers {
    fn from_iter<I: IntoIterator<Item = (u32, u32)>>(numbers: I) -> Self {
        let mut all = Self::default();
        numbers.into_iter().for_each(|(number, series)| all.insert(number, series as usize));
        all
    }
}
