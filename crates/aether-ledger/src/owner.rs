//! Who a file belongs to, by name.

use std::{
    collections::BTreeMap,
    fs,
    sync::{Mutex, PoisonError},
};

/// The name of a user as `/etc/passwd` has it, else the number. Each is looked up once.
pub(crate) fn name(uid: u32) -> String {
    static KNOWN: Mutex<BTreeMap<u32, String>> = Mutex::new(BTreeMap::new());
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    known.entry(uid).or_insert_with(|| look_up(uid)).clone()
}

fn look_up(uid: u32) -> String {
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    // passwd(5): name:password:UID:...
    let named = users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
    });
    named.unwrap_or_else(|| uid.to_string())
}
