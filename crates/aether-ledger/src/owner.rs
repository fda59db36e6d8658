//! Who a file belongs to, by name.

use std::fs;

/// The name of a user as `/etc/passwd` has it, else the number.
pub(crate) fn name(uid: u32) -> String {
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    // passwd(5): name:password:UID:...
    let named = users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
    });
    named.unwrap_or_else(|| uid.to_string())
}
