//! Contents by digest: kept once, whole or not at all, and damage is seen wherever it is.

use std::{fs, io, io::Read};

use aether_core::{Listener, RunState, Signal};
use aether_ledger::{Digest, Direction, Index, LedgerError, Lineage, NamedBlob, RunWriter, Who};

use crate::support::*;

#[test]
fn a_content_is_kept_once_under_the_name_that_other_tools_give_it() {
    let (dir, home) = home();
    let blobs = home.blobs();
    let kept = blobs.put(b"abc").unwrap();
    // FIPS 180-4, the example of one block.
    let name = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!((kept.digest.to_string().as_str(), kept.bytes), (name, 3));
    assert_eq!(fs::read(home.path().join("blobs/ba").join(name)).unwrap(), b"abc");
    let file = dir.path().join("file");
    fs::write(&file, b"abc").unwrap();
    assert_eq!(blobs.put_file(&file).unwrap().digest, kept.digest);
    assert_eq!(blobs.put(b"").unwrap().bytes, 0);
    let large: Vec<u8> = (0..1_000_000u32).flat_map(u32::to_le_bytes).collect();
    let long = blobs.put_from(&large[..]).unwrap();
    assert_eq!((long.digest, blobs.verify(long.digest).unwrap()), (Digest::of(&large), 4_000_000));
    assert_eq!((blobs.list().unwrap().len(), blobs.length(kept.digest)), (3, Some(3)));
    let mut read = Vec::new();
    blobs.open(kept.digest).unwrap().read_to_end(&mut read).unwrap();
    assert_eq!(read, b"abc");
    assert_eq!(leftovers(&home), 0);
}

fn leftovers(home: &aether_ledger::Home) -> usize {
    let names = fs::read_dir(home.blobs().directory()).unwrap();
    names.filter(|e| e.as_ref().unwrap().file_name().to_string_lossy().starts_with('.')).count()
}

#[test]
fn a_cut_or_a_flipped_bit_anywhere_is_seen_and_putting_it_again_heals_a_cut() {
    let (_dir, home) = home();
    let blobs = home.blobs();
    let content = b"sixteen bytes ..";
    let kept = blobs.put(content).unwrap();
    let path = blobs.path(kept.digest);
    for cut in 0..content.len() {
        fs::write(&path, &content[..cut]).unwrap();
        let error = blobs.verify(kept.digest).unwrap_err();
        assert!(matches!(error, LedgerError::DamagedBlob { .. }), "{error}");
        blobs.put(content).unwrap();
        blobs.verify(kept.digest).unwrap();
    }
    for bit in 0..content.len() * 8 {
        let mut flipped = *content;
        flipped[bit / 8] ^= 1 << (bit % 8);
        fs::write(&path, flipped).unwrap();
        let said = blobs.verify(kept.digest).unwrap_err().to_string();
        assert!(said.contains("is damaged") && said.contains(&Digest::of(&flipped).to_string()), "{said}");
    }
    fs::remove_file(&path).unwrap();
    assert!(matches!(blobs.verify(kept.digest), Err(LedgerError::NoBlob { .. })));
    for wrong in ["", "abc", &"g".repeat(64), &"A".repeat(64), &"ä".repeat(32)] {
        assert!(wrong.parse::<Digest>().is_err(), "{wrong}");
    }
}

#[test]
fn a_reader_that_fails_leaves_nothing() {
    struct Fails(usize);
    impl Read for Fails {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0 = self.0.checked_sub(1).ok_or(io::ErrorKind::TimedOut)?;
            Ok(buffer.len())
        }
    }
    let (_dir, home) = home();
    assert!(home.blobs().put_from(Fails(3)).is_err());
    assert_eq!((home.blobs().list().unwrap().len(), leftovers(&home)), (0, 0));
}

#[test]
fn many_writers_of_one_content_agree() {
    let (_dir, home) = home();
    let blobs = home.blobs();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| (0..20u8).for_each(|n| assert_eq!(blobs.put(&[n; 1000]).unwrap().bytes, 1000)));
        }
    });
    let list = blobs.list().unwrap();
    assert_eq!((list.len(), leftovers(&home)), (20, 0));
    list.iter().for_each(|blob| assert_eq!(blobs.verify(blob.digest).unwrap(), 1000));
}

#[test]
fn lineage_leads_from_run_to_run_and_ends_in_a_circle() {
    let (_dir, home) = home();
    let blobs = home.blobs();
    let pass = |name: &str, taken: &[&str], left: &[&str]| {
        let writer = RunWriter::create(&home, new_run("default", name)).unwrap();
        let log = writer.log().unwrap();
        let all =
            taken.iter().map(|n| (n, Direction::Input)).chain(left.iter().map(|n| (n, Direction::Output)));
        for (name, direction) in all {
            let kept = blobs.put(name.as_bytes()).unwrap();
            let (name, kind) = ((*name).to_owned(), "file".to_owned());
            let blob = NamedBlob { name, kind, digest: kept.digest, bytes: kept.bytes, direction };
            log.on(aether_core::signal::now(), &Signal::Event(blob.event(0)));
        }
        drop(log);
        writer.end(RunState::Done, None).unwrap();
    };
    pass("prepare", &["raw"], &["clean"]);
    pass("train", &["clean"], &["model"]);
    pass("evaluate", &["model", "clean"], &["report", "raw"]);
    let index = Index::open(&home).unwrap();
    let train = Lineage::of_run(index.entries(), index.find("train").unwrap());
    let name = |who: &Who| match who {
        Who::Run { name, .. } => name.clone(),
        Who::Artifact(blob) => blob.name.clone(),
    };
    let mut up = vec![name(&train.from[0].who)];
    let mut at = &train.from[0];
    while let Some(next) = at.next.first() {
        up.push(name(&next.who));
        at = next;
    }
    assert_eq!(up, ["clean", "prepare", "raw", "evaluate", "model", "train"]);
    assert!(at.again, "train was seen");
    assert_eq!(name(&train.to[0].next[0].who), "evaluate");
    let clean = Lineage::of_blob(index.entries(), Digest::of(b"clean")).unwrap();
    let to: Vec<_> = clean.to.iter().map(|r| name(&r.who)).collect();
    assert_eq!((name(&clean.of).as_str(), to), ("clean", vec!["train".to_owned(), "evaluate".to_owned()]));
    assert_eq!(Lineage::of_blob(index.entries(), Digest::of(b"nobody's")), None);
    assert_eq!(index.find("evaluate").unwrap().blobs.len(), 4);
}
