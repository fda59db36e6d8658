//! Reads for the screens, on a thread of its own, so that no slow disk and no long log ever holds up a key.
//!
//! It reads no more than what is in sight needs. The index is refreshed at most so often that this takes a hundredth of
//! a processor; logs of runs that are alive and in sight are read on from where they were left.

mod board;
mod charts;
mod detail;
mod output;
mod run;

use std::{
    collections::HashMap,
    sync::mpsc::{Receiver, RecvTimeoutError, Sender},
    time::{Duration, Instant},
};

use aether_core::RunId;
use aether_ledger::{Entry, Filter, Home, Index, Query, RunReader, Sort, Standing};

use super::model::{ChartWishes, Detail, Listing, News, RunRow, Sorting, Wishes};
use crate::board::Board;

/// From one look at what is alive to the next.
const LOOK: Duration = Duration::from_millis(250);
/// From one refresh of the index to the next, at least.
const REFRESH: Duration = Duration::from_millis(500);
/// So many times as long as a refresh takes is waited for the next one.
const REST: u32 = 100;
/// Runs that are looked at first, before all.
const FIRST: usize = 100;
/// From one reading of a run's details to the next, at least: their cost grows with the length of its series.
const PAUSE: Duration = Duration::from_secs(1);
/// Readers that are kept open at most.
const OPEN: usize = 64;

/// A run that is being read.
struct Opened {
    entry: Entry,
    reader: RunReader,
    /// When it was last wanted.
    wanted: Instant,
    /// How much it had printed.
    printed: u64,
    /// When its details were read, and whether it has said something since.
    detailed: Option<Instant>,
    more: bool,
}

/// What is known, and what was told.
pub(super) struct Reader {
    home: Home,
    board: Option<Board>,
    news: Box<dyn Fn(News) -> bool + Send>,
    index: Option<Index>,
    /// Where each run stands among the entries of the index.
    places: HashMap<RunId, usize>,
    complete: bool,
    refreshed: Instant,
    rest: Duration,
    opened: HashMap<RunId, Opened>,
    details: HashMap<RunId, Detail>,
    told: HashMap<&'static str, News>,
    wishes: Wishes,
    /// Until when the runs in full are let be, and whether they have said something since.
    shown_until: Instant,
    unshown: bool,
}

impl Reader {
    /// Of a home. `news` is called with what is new; it returns whether anybody still wants to hear it.
    pub(super) fn new(
        home: Home,
        board: Option<Board>,
        news: impl Fn(News) -> bool + Send + 'static,
    ) -> Self {
        Self {
            home,
            board,
            news: Box::new(news),
            index: None,
            places: HashMap::new(),
            complete: false,
            refreshed: Instant::now(),
            rest: Duration::ZERO,
            opened: HashMap::new(),
            details: HashMap::new(),
            told: HashMap::new(),
            wishes: Wishes::default(),
            shown_until: Instant::now(),
            unshown: false,
        }
    }

    /// Reads until nobody asks any more.
    pub(super) fn work(mut self, asked: &Receiver<Wishes>) {
        loop {
            let wait = if self.complete { LOOK } else { Duration::ZERO };
            let mut new = match asked.recv_timeout(wait) {
                Ok(wishes) => Some(wishes),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => return,
            };
            // Only the last of several wishes counts.
            while let Ok(later) = asked.try_recv() {
                new = Some(later);
            }
            let changed = new.is_some();
            if let Some(wishes) = new {
                self.wishes = wishes;
            }
            if !self.look(changed) {
                return;
            }
        }
    }

    /// Everything that is wanted, once, with all runs looked at: for those who want no screen.
    pub(super) fn once(&mut self, wishes: Wishes) {
        self.wishes = wishes;
        self.look(true);
        if !self.complete {
            self.refresh();
            self.look(true);
        }
    }

    /// Looks at what may be new; false when nobody wants to hear it.
    fn look(&mut self, changed: bool) -> bool {
        let fresh = self.index.is_none() || !self.complete || self.refreshed.elapsed() >= self.rest;
        if fresh {
            self.refresh();
        }
        let mut heard = true;
        if fresh || changed {
            let listing = self.listing();
            heard &= self.tell("listing", listing);
        }
        let details = self.look_at_details();
        heard &= self.tell("details", News::Details(details));
        if let Some(view) = self.look_at_runs(changed) {
            heard &= self.tell("run", view);
        }
        if self.wishes.board && (fresh || changed) {
            let panels = board::panels(self);
            heard &= self.tell("board", News::Board(panels));
        }
        self.close_some();
        heard
    }

    /// Tells what was not told before.
    fn tell(&mut self, what: &'static str, news: News) -> bool {
        if self.told.get(what) == Some(&news) {
            return true;
        }
        self.told.insert(what, news.clone());
        (self.news)(news)
    }

    /// Brings the index up to date: the newest runs the first time, then all.
    fn refresh(&mut self) {
        let began = Instant::now();
        let done = match &mut self.index {
            None => Index::of_newest(&self.home, None, FIRST).map(|index| {
                self.complete = index.left_out() == 0;
                self.index = Some(index);
            }),
            Some(index) => index.refresh().map(|()| self.complete = true),
        };
        if let Err(error) = done {
            // It may be mended while somebody looks.
            self.complete = true;
            self.tell("trouble", News::Trouble(error.to_string()));
        }
        let entries = self.index.iter().flat_map(Index::entries).enumerate();
        self.places = entries.map(|(place, entry)| (entry.id, place)).collect();
        self.refreshed = Instant::now();
        self.rest = (began.elapsed() * REST).max(REFRESH);
    }

    fn listing(&self) -> News {
        let Some(index) = &self.index else { return News::Listing(Listing::default()) };
        let text = self.wishes.query.trim();
        let query = match (!text.is_empty()).then(|| Query::parse(text)).transpose() {
            Ok(query) => query,
            Err(error) => return News::NoQuery(error.to_string()),
        };
        if let Some(Err(error)) = query.as_ref().map(|query| query.check(index.entries())) {
            return News::NoQuery(error.to_string());
        }
        let sort = match self.wishes.sort {
            Sorting::Newest | Sorting::State => Sort::Newest,
            Sorting::Oldest => Sort::Oldest,
            Sorting::Name => Sort::Name,
            Sorting::Longest => Sort::Duration,
            Sorting::BestLoss => Sort::Ascending(self.loss(index)),
        };
        let mut entries = index.list(&Filter { query, ..Filter::default() }, &sort);
        if self.wishes.sort == Sorting::State {
            entries.sort_by_key(|entry| detail::rank(entry.standing));
        }
        News::Listing(Listing {
            rows: entries.into_iter().map(row).collect(),
            total: index.entries().len() + index.left_out(),
            complete: self.complete,
            passed_over: index.passed_over().len(),
        })
    }

    /// The loss that most of the newest runs have, to sort by.
    fn loss(&self, index: &Index) -> String {
        let newest = index.list(&Filter { limit: Some(20), ..Filter::default() }, &Sort::Newest);
        let known = ["val/loss", "train/loss", "loss"];
        let found = known.iter().find(|name| newest.iter().any(|entry| entry.headline(name).is_some()));
        found.copied().unwrap_or("loss").to_owned()
    }

    fn entry(&self, id: RunId) -> Option<&Entry> {
        self.index.as_ref()?.entries().get(*self.places.get(&id)?)
    }

    /// Reads a run on, or from its beginning; also tells whether there was anything new.
    fn open(&mut self, id: RunId) -> Option<(&mut Opened, bool)> {
        let entry = self.entry(id)?.clone();
        let mut new = !self.opened.contains_key(&id);
        if new {
            let reader = RunReader::open(entry.directory.clone());
            let reader =
                reader.map_err(|error| self.tell("trouble", News::Trouble(error.to_string()))).ok()?;
            let wanted = Instant::now();
            let opened =
                Opened { entry: entry.clone(), reader, wanted, printed: 0, detailed: None, more: false };
            self.opened.insert(id, opened);
        }
        let opened = self.opened.get_mut(&id)?;
        if !new && (entry.standing.may_live() || opened.entry.written != entry.written) {
            new = opened.reader.poll(|_| {}).unwrap_or(false);
        }
        new |= opened.entry.standing != entry.standing;
        opened.entry = entry;
        opened.wanted = Instant::now();
        Some((opened, new))
    }

    fn look_at_details(&mut self) -> HashMap<RunId, Detail> {
        let began = Instant::now();
        for id in self.wishes.in_sight.clone() {
            // What is not there yet comes with the next look, so that keys stay quick.
            let known = self.details.contains_key(&id);
            let live = self.entry(id).is_some_and(|entry| entry.standing.may_live());
            if (known && !live && !self.opened.contains_key(&id)) || (!known && began.elapsed() > LOOK) {
                continue;
            }
            let Some((opened, new)) = self.open(id) else { continue };
            opened.more |= new;
            let due = opened.detailed.is_none_or(|then| then.elapsed() >= PAUSE);
            if (opened.more && due) || !known {
                (opened.more, opened.detailed) = (false, Some(Instant::now()));
                let detail = detail::of(&opened.entry, &opened.reader);
                self.details.insert(id, detail);
            }
        }
        let in_sight = self.wishes.in_sight.iter();
        in_sight.filter_map(|id| Some((*id, self.details.get(id)?.clone()))).collect()
    }

    fn look_at_runs(&mut self, changed: bool) -> Option<News> {
        let wishes = self.wishes.clone();
        let ids = wishes.runs;
        let mut new = changed;
        for id in &ids {
            let Some((opened, said)) = self.open(*id) else { continue };
            let printed = output::length(&opened.entry.directory);
            new |= said || std::mem::replace(&mut opened.printed, printed) != printed;
        }
        self.unshown |= new;
        let began = Instant::now();
        if !changed && (!self.unshown || began < self.shown_until) {
            return None;
        }
        self.unshown = false;
        let view = self.view(&ids, &wishes.charts);
        // As the index: so seldom that it takes a hundredth of a processor.
        self.shown_until = began + began.elapsed() * REST;
        view
    }

    fn view(&self, ids: &[RunId], charts: &ChartWishes) -> Option<News> {
        let opened: Vec<&Opened> = ids.iter().filter_map(|id| self.opened.get(id)).collect();
        if self.wishes.compare {
            return (!opened.is_empty()).then(|| News::Compare(Box::new(run::compare(&opened, charts))));
        }
        opened.first().map(|opened| News::Run(Box::new(run::view(opened, charts))))
    }

    /// Closes those that were not wanted for longest, and the finished ones that nobody looks at.
    fn close_some(&mut self) {
        let wishes = &self.wishes;
        self.opened.retain(|id, opened| {
            wishes.runs.contains(id) || wishes.board || opened.entry.standing.may_live()
        });
        while self.opened.len() > OPEN {
            let oldest = self.opened.iter().min_by_key(|(_, opened)| opened.wanted).map(|(id, _)| *id);
            let Some(oldest) = oldest else { return };
            self.opened.remove(&oldest);
        }
    }
}

fn row(entry: &Entry) -> RunRow {
    RunRow {
        id: entry.id,
        name: entry.name.clone(),
        project: entry.project.clone(),
        standing: entry.standing,
        created: entry.created,
        seconds: (entry.standing != Standing::Running).then(|| entry.duration().as_secs_f64()),
    }
}

/// What runs are called among each other: their names, and where two have the same, the beginnings of their ids.
fn labels<'a>(entries: impl Iterator<Item = &'a Entry> + Clone) -> Vec<String> {
    let label = |entry: &Entry| {
        if entries.clone().filter(|other| other.name == entry.name).count() > 1 {
            format!("{} {}", entry.name, &entry.id.as_str()[..4])
        } else {
            entry.name.clone()
        }
    };
    entries.clone().map(label).collect()
}

/// Starts the reader on a thread of its own.
///
/// # Errors
/// When there is no thread to be had.
pub(super) fn start(reader: Reader, asked: Receiver<Wishes>) -> std::io::Result<()> {
    let thread = std::thread::Builder::new().name("reader".to_owned());
    thread.spawn(move || reader.work(&asked)).map(drop)
}

/// A place to send wishes to; they are passed over when the reader is gone.
pub(super) fn ask(reader: &Sender<Wishes>, wishes: &Wishes) {
    let _ = reader.send(wishes.clone());
}
