//! A log of signals, appended to: frames and records of Aether's `docs/format.md`.

use std::{
    collections::HashMap,
    fs::{self, File},
    io::{self, Seek, Write},
    path::Path,
};

use crate::{
    Level, Value,
    json::{self},
    now,
};

/// A frame of points is closed at this length, so that damage to one costs little.
const LONGEST_BLOCK: usize = 60 * 1024;
/// What a frame may hold.
const LONGEST_PAYLOAD: usize = 1 << 20;
const LONGEST_NAME: usize = 65_536;

#[derive(Debug)]
pub(crate) struct Log {
    file: File,
    pid: u32,
    metrics: HashMap<String, u64>,
    /// Metrics whose names are written: those below this number.
    named: u64,
}

impl Log {
    pub(crate) fn create(directory: &Path, session: u32) -> io::Result<Self> {
        let mut host = host();
        host.retain(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'));
        let pid = std::process::id();
        let (start, writer, file) = loop {
            let start = now();
            let writer = format!("{host}-{pid}-{start}");
            let path = directory.join("signals").join(format!("{writer}.log"));
            match File::options().write(true).create_new(true).open(path) {
                Ok(file) => break (start, writer, file),
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
                Err(e) => return Err(e),
            }
        };
        let mut header = b"\x01aether\x01\x00".to_vec();
        header.extend_from_slice(&session.to_le_bytes());
        header.extend_from_slice(&start.to_le_bytes());
        for text in [&*directory.file_name().unwrap_or_default().to_string_lossy(), &writer] {
            varint(&mut header, text.len() as u64);
            header.extend_from_slice(text.as_bytes());
        }
        let mut log = Self { file, pid, metrics: HashMap::new(), named: 0 };
        log.append(&frame(&header))?;
        Ok(log)
    }

    pub(crate) fn is_this_process(&self) -> bool {
        self.pid == std::process::id()
    }

    pub(crate) fn points(&mut self, step: u64, time: i64, values: &[(&str, f64)]) -> io::Result<()> {
        let (mut frames, mut block, mut named) = (Vec::new(), vec![3], self.named);
        let (mut last_step, mut last_time) = (0u64, 0i64);
        for &(name, value) in values {
            let name = cut(name, LONGEST_NAME);
            let id = match self.metrics.get(name) {
                Some(&id) => id,
                None => {
                    let id = self.metrics.len() as u64;
                    self.metrics.insert(name.to_owned(), id);
                    id
                }
            };
            // Those whose writing failed before are above this number, too.
            if id >= named {
                let mut metric = vec![2];
                varint(&mut metric, id);
                metric.extend_from_slice(name.as_bytes());
                frames.extend(frame(&metric));
                named = named.max(id + 1);
            }
            varint(&mut block, id);
            signed(&mut block, step.wrapping_sub(last_step) as i64);
            signed(&mut block, time.wrapping_sub(last_time));
            block.extend_from_slice(&value.to_le_bytes());
            (last_step, last_time) = (step, time);
            if block.len() > LONGEST_BLOCK {
                frames.extend(frame(&block));
                block.truncate(1);
                (last_step, last_time) = (0, 0);
            }
        }
        if block.len() > 1 {
            frames.extend(frame(&block));
        }
        let written = self.append(&frames);
        match written {
            Ok(()) => self.named = named,
            // Names are numbered in the order in which they come, so those that were not written are the last.
            Err(_) => self.metrics.retain(|_, id| *id < self.named),
        }
        written
    }

    pub(crate) fn event(
        &mut self,
        time: i64,
        kind: &str,
        level: Level,
        step: u64,
        message: &str,
        fields: Vec<(String, Value)>,
    ) -> io::Result<()> {
        let level = match level {
            Level::Info => "info",
            Level::Warning => "warning",
            Level::Error => "error",
        };
        let event = |message: &str, fields| {
            let mut payload = String::new();
            let head = [("kind", kind.into()), ("level", level.into())];
            let mut all = json::fields::<Value>(head);
            // A step above the greatest i64 would not be one of ours.
            all.push(("step".to_owned(), Value::Integer(i64::try_from(step).unwrap_or(i64::MAX))));
            all.push(("message".to_owned(), message.into()));
            all.push(("fields".to_owned(), Value::Object(fields)));
            json::object(&all, &mut payload);
            payload
        };
        let mut json = event(message, fields);
        if json.len() + 9 > LONGEST_PAYLOAD {
            json = event(cut(message, LONGEST_NAME), vec![("cut".to_owned(), true.into())]);
        }
        let mut payload = vec![4];
        payload.extend_from_slice(&time.to_le_bytes());
        payload.extend_from_slice(json.as_bytes());
        self.append(&frame(&payload))
    }

    pub(crate) fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    /// Writes frames; what is written of them when that fails is cut off again, so that the log stays whole.
    fn append(&mut self, frames: &[u8]) -> io::Result<()> {
        let end = self.file.stream_position()?;
        self.file.write_all(frames).inspect_err(|_| {
            // Where this fails too, readers pass over the damage.
            let _ = self.file.set_len(end);
            let _ = self.file.seek(io::SeekFrom::Start(end));
        })
    }
}

pub(crate) fn host() -> String {
    fs::read_to_string("/proc/sys/kernel/hostname")
        .map_or_else(|_| "host".to_owned(), |h| h.trim().to_owned())
}

fn frame(payload: &[u8]) -> Vec<u8> {
    let mut frame = (payload.len() as u32).to_le_bytes().to_vec();
    frame.extend_from_slice(&crc32fast::hash(payload).to_le_bytes());
    frame.extend_from_slice(payload);
    frame
}

fn varint(out: &mut Vec<u8>, mut n: u64) {
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

fn signed(out: &mut Vec<u8>, n: i64) {
    varint(out, ((n << 1) ^ (n >> 63)) as u64);
}

/// The longest beginning of `text` of at most `length` bytes.
fn cut(text: &str, length: usize) -> &str {
    if text.len() <= length {
        return text;
    }
    let end = (0..=length).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
    &text[..end]
}
