//! The units of metrics of the machine.

use serde::Serialize;

/// What a metric of the collectors counts in. Of the rest, and of what a program logs itself, nobody knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Unit {
    /// Bytes.
    #[serde(rename = "B")]
    Bytes,
    /// Bytes a second.
    #[serde(rename = "B/s")]
    BytesPerSecond,
    /// Percent, of whatever its whole is.
    #[serde(rename = "%")]
    Percent,
    /// Watts.
    #[serde(rename = "W")]
    Watts,
    /// Degrees Celsius.
    #[serde(rename = "°C")]
    Celsius,
    /// Megahertz.
    #[serde(rename = "MHz")]
    Megahertz,
}

impl Unit {
    /// That of a metric of this name.
    ///
    /// ```
    /// use aether_watch::Unit;
    ///
    /// assert_eq!(Unit::of("system/gpu/0/memory"), Some(Unit::Bytes));
    /// assert_eq!(Unit::of("system/disk/sda/read"), Some(Unit::BytesPerSecond));
    /// assert_eq!(Unit::of("memory"), None);
    /// ```
    pub fn of(metric: &str) -> Option<Self> {
        let name = metric.strip_prefix("system/")?;
        let (group, what) = name.rsplit_once('/').unwrap_or(("", name));
        let kind = group.split('/').next().unwrap_or(group);
        Some(match (kind, what) {
            ("disk" | "process", "read" | "write") | ("network", "received" | "sent") => Self::BytesPerSecond,
            (
                "" | "gpu",
                "memory" | "memory_available" | "memory_total" | "swap" | "disk_free" | "process_memory",
            )
            | ("process", "rss" | "pss")
            | ("quota", "free")
            | ("cgroup", "memory" | "memory_limit") => Self::Bytes,
            ("gpu", "power" | "power_limit") => Self::Watts,
            ("gpu", "temperature") => Self::Celsius,
            ("gpu", "clock" | "memory_clock") => Self::Megahertz,
            (
                "",
                "cpu" | "cpu_iowait" | "cpu_steal" | "memory_percent" | "disk_percent" | "open_files_percent",
            )
            | ("cpu" | "pressure", _)
            | ("disk", "busy")
            | ("process", "cpu")
            | ("quota", "percent")
            | ("cgroup", "cpu" | "throttled")
            | ("gpu", "utilisation" | "memory_busy") => Self::Percent,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers of things, that share a line of the guide's tables with a metric that has a unit.
    const COUNTS: [&str; 3] = ["system/open_files", "system/cgroup/cpu_limit", "system/cgroup/oom_kills"];

    /// The guide's tables name every metric with its unit: they and this must say the same.
    #[test]
    fn the_guide_says_the_same() {
        let guide = include_str!("../../../../docs/guide/src/watch.md");
        let mut seen = 0;
        let mut prefix = "";
        for line in guide.lines() {
            if line.starts_with("GPUs and TPUs, as") {
                prefix = "system/gpu/0/";
            } else if line.starts_with("NVIDIA's values") {
                prefix = "";
            }
            let mut cells = line.trim_matches('|').split(" | ");
            let (Some(names), Some(unit)) = (cells.next(), cells.next()) else { continue };
            let listed = names.split('`').skip(1).step_by(2);
            for name in listed.flat_map(spelled_out).map(|name| format!("{prefix}{name}")) {
                if !name.starts_with("system/") {
                    continue;
                }
                seen += 1;
                let found = Unit::of(&name);
                let words = match found {
                    Some(Unit::Bytes) => "bytes",
                    Some(Unit::BytesPerSecond) => "bytes a second",
                    Some(Unit::Percent) => "percent",
                    Some(Unit::Watts) => "W",
                    Some(Unit::Celsius) => "degrees Celsius",
                    Some(Unit::Megahertz) => "MHz",
                    None => "",
                };
                assert!(unit.contains(words), "{name}: {found:?}, but the guide says '{unit}'");
                let measured =
                    ["bytes", "percent", "W", "degrees", "MHz"].iter().any(|word| unit.contains(word));
                let counts = COUNTS.contains(&name.as_str());
                assert!(found.is_some() || !measured || counts, "{name}: the guide says '{unit}'");
            }
        }
        assert!(seen > 50, "{seen}");
    }

    /// `a/{b,c}` is `a/b` and `a/c`; a place for a name gets one.
    fn spelled_out(name: &str) -> Vec<String> {
        let name = name.replace("NAME", "sda");
        match (name.find('{'), name.find('}')) {
            (Some(from), Some(to)) => name[from + 1..to]
                .split(',')
                .flat_map(|one| spelled_out(&format!("{}{one}{}", &name[..from], &name[to + 1..])))
                .collect(),
            _ => vec![name],
        }
    }
}
