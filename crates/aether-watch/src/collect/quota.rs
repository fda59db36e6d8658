//! What a user and its group may still write where a file system has quotas: quotactl_fd(2), Linux 5.14 and later.
//!
//! A project's quota is not asked for: file systems that have one (ext4, XFS) say the room of a directory's project as
//! theirs (`space.rs`).
#![allow(unsafe_code, reason = "quotactl_fd has no safe interface")]

use std::{
    ffi::{c_int, c_long},
    fs::File,
    mem::MaybeUninit,
    os::{
        fd::AsRawFd,
        unix::fs::{MetadataExt, PermissionsExt},
    },
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use aether_core::Metric;

use super::{Collector, Sample};

/// `USRQUOTA` and `GRPQUOTA` of `linux/quota.h`.
const USER: c_int = 0;
const GROUP: c_int = 1;
/// What limits are counted in (`QIF_DQBLKSIZE`), in bytes; what is used is told in bytes.
const UNIT: u64 = 1024;
/// Files made in a directory that has it are of the directory's group.
const SET_GROUP: u32 = 0o2000;

/// `system/quota/{user,group}/free`: bytes that may still be written; `.../percent`: how much of the limit is used.
#[derive(Debug)]
pub(crate) struct Quota {
    directory: File,
    limited: Vec<Limited>,
}

/// A user or a group with a limit.
#[derive(Debug)]
struct Limited {
    kind: c_int,
    id: u32,
    free: Metric,
    percent: Metric,
}

impl Quota {
    /// The quotas of whoever writes to a directory now; `None` where there is no limit.
    pub(crate) fn find(directory: &Path) -> Option<Self> {
        let directory = File::open(directory).ok()?;
        let of = directory.metadata().ok()?;
        let group = match of.permissions().mode() & SET_GROUP {
            0 => rustix::process::getegid().as_raw(),
            _ => of.gid(),
        };
        let user = rustix::process::geteuid().as_raw();
        let mut limited = Vec::new();
        for (kind, id, name) in [(USER, user, "user"), (GROUP, group, "group")] {
            if ask(&directory, kind, id).is_some_and(|block| room(&block, 0).is_some()) {
                let metric = |what| Metric::named(&format!("system/quota/{name}/{what}"));
                limited.push(Limited { kind, id, free: metric("free"), percent: metric("percent") });
            }
        }
        (!limited.is_empty()).then_some(Self { directory, limited })
    }
}

impl Collector for Quota {
    fn sample(&mut self, _: Duration, into: &mut Sample) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        for limited in &self.limited {
            let block = ask(&self.directory, limited.kind, limited.id);
            // A limit may be taken away.
            let Some((free, percent)) = block.and_then(|block| room(&block, now)) else { continue };
            into.put(limited.free, free);
            into.put(limited.percent, percent);
        }
    }
}

/// `None` where there are no quotas, the kernel cannot, or they are not this user's to know.
fn ask(directory: &File, kind: c_int, id: u32) -> Option<libc::dqblk> {
    let mut block = MaybeUninit::<libc::dqblk>::zeroed();
    let command = libc::QCMD(libc::Q_GETQUOTA, kind);
    let directory = c_long::from(directory.as_raw_fd());
    // SAFETY: the kernel writes at most one `struct if_dqblk`, which `dqblk` is, to where it is told.
    let done = unsafe {
        libc::syscall(
            libc::SYS_quotactl_fd,
            directory,
            c_long::from(command),
            c_long::from(id),
            block.as_mut_ptr(),
        )
    };
    // SAFETY: it was made of zeros, which are a value of it, and then written by the kernel.
    (done == 0).then(|| unsafe { block.assume_init() })
}

/// Bytes that may still be written, and how much of the limit is used, in percent, at a time in seconds since 1970. More
/// than the soft limit may be used for a while (`dqb_btime` is when that is over), less than the hard one at any time.
fn room(block: &libc::dqblk, now: u64) -> Option<(f64, f64)> {
    let (soft, hard) = (block.dqb_bsoftlimit, block.dqb_bhardlimit);
    let overdue = soft > 0 && block.dqb_btime > 0 && now >= block.dqb_btime;
    let limit = if hard == 0 || overdue { soft } else { hard }.saturating_mul(UNIT);
    let used = block.dqb_curspace;
    (limit > 0).then(|| (limit.saturating_sub(used) as f64, used as f64 / limit as f64 * 100.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a kernel says of a user with these limits, in KiB, who uses so many bytes.
    fn said(soft: u64, hard: u64, used: u64, grace_ends: u64) -> libc::dqblk {
        libc::dqblk {
            dqb_bhardlimit: hard,
            dqb_bsoftlimit: soft,
            dqb_curspace: used,
            dqb_ihardlimit: 0,
            dqb_isoftlimit: 0,
            dqb_curinodes: 3,
            dqb_btime: grace_ends,
            dqb_itime: 0,
            dqb_valid: 0x3f,
        }
    }

    #[test]
    fn the_limit_that_holds() {
        let free = |block, now| room(&block, now).map(|(free, _)| free);
        assert_eq!(room(&said(0, 2000, 512_000, 0), 10), Some((1_536_000.0, 25.0)));
        assert_eq!(free(said(0, 0, 512_000, 0), 10), None);
        assert_eq!(free(said(1000, 0, 512_000, 0), 10), Some(512_000.0));
        // Above the soft limit: until the time of grace is over, the hard one holds.
        assert_eq!(free(said(1000, 2000, 1_536_000, 100), 99), Some(512_000.0));
        assert_eq!(room(&said(1000, 2000, 1_536_000, 100), 100), Some((0.0, 150.0)));
        assert_eq!(free(said(u64::MAX, u64::MAX, 0, 0), 0), Some(u64::MAX as f64));
    }

    #[test]
    fn no_quotas() {
        assert!(Quota::find(Path::new("/proc")).is_none());
        assert!(Quota::find(Path::new("/no/such/directory")).is_none());
    }
}
