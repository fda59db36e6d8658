//! The host: name, kernel, distribution, processors, memory.

use std::fs;

use serde_json::{Map, Value, json};

pub(super) fn facts() -> Value {
    let uname = rustix::system::uname();
    let text = |part: &std::ffi::CStr| part.to_string_lossy().into_owned();
    let mut facts = Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            facts.insert(name.to_owned(), value);
        }
    };
    put("name", Some(text(uname.nodename()).into()));
    put("kernel", Some(format!("{} {}", text(uname.sysname()), text(uname.release())).into()));
    put("machine", Some(text(uname.machine()).into()));
    put("distribution", distribution().map(Into::into));
    let processors = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    put("processor", of_processors(&processors, "model name").map(Into::into));
    put("processors", std::thread::available_parallelism().ok().map(|n| n.get().into()));
    put("memory_bytes", memory().map(|bytes| json!(bytes)));
    Value::Object(facts)
}

fn distribution() -> Option<String> {
    let text = fs::read_to_string("/etc/os-release").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="))?;
    Some(line.trim_matches('"').to_owned())
}

fn of_processors(text: &str, field: &str) -> Option<String> {
    text.lines()
        .filter_map(|line| line.split_once(':'))
        .find_map(|(name, value)| (name.trim() == field).then(|| value.trim().to_owned()))
}

fn memory() -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_host() {
        let facts = facts();
        assert!(facts["memory_bytes"].as_u64().unwrap() > 1 << 20);
        assert!(facts["processors"].as_u64().unwrap() >= 1);
        assert!(facts["kernel"].as_str().unwrap().starts_with("Linux "));
    }
}
