//! What a metric is, judged by its name: there is no other way to know in a stream of anybody's names.

/// What a metric says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// The loss that is trained on.
    Loss,
    /// The loss of a validation.
    ValidationLoss,
    /// The norm of the gradients.
    GradientNorm,
    /// Work per second.
    Throughput,
    /// Seconds, or any unit, that a step takes.
    StepTime,
    /// The part of a step in which it waits for data.
    DataTime,
    /// The same of one of many ranks.
    RankStepTime(u32),
    /// How much of the time a GPU works, in percent.
    GpuUtilisation(u32),
    /// Bytes on a GPU that are the run's.
    GpuProcessMemory(u32),
    /// Errors of a GPU's memory that could not be corrected.
    GpuUncorrected(u32),
    /// Errors of a GPU's memory that were corrected.
    GpuCorrected(u32),
    /// Rows of a GPU's memory: a remapping that waits for a reset, or failed.
    GpuRemap(u32),
    /// Whether a GPU is slowed down by heat or its hardware.
    GpuThrottled(u32),
    /// Processor time that the run uses, in percent of one processor.
    ProcessCpu,
    /// Resident memory of the run.
    ProcessMemory,
    /// Memory that the machine still has.
    MemoryAvailable,
    /// Memory that the run's control group uses.
    GroupMemory,
    /// How much that may become.
    GroupMemoryLimit,
    /// Room on the disk.
    DiskFree,
    /// Room that a quota leaves on the disk.
    QuotaFree,
    /// Another value that the run says.
    Other,
    /// Another value of the machine.
    Machine,
}

impl Role {
    /// The role of the metric called `name`.
    pub fn of(name: &str) -> Self {
        if let Some(rest) = name.strip_prefix("system/") {
            return Self::of_machine(rest);
        }
        let lower = name.to_lowercase();
        let words = lower.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty());
        let has = |word: &str| lower.split(|c: char| !c.is_alphanumeric()).any(|w| w == word);
        let any = |list: &[&str]| words.clone().any(|w| list.contains(&w));
        let says = |part: &str| lower.contains(part);
        let time = any(&["time", "seconds", "ms", "duration", "s"]) || says("time");
        if says("step_time") || says("iter_time") || says("batch_time") || (has("step") && time) {
            return match rank(&lower) {
                Some(rank) => Self::RankStepTime(rank),
                None => Self::StepTime,
            };
        }
        if (any(&["data", "loader", "dataloader", "input"]) || says("dataload")) && (time || has("wait")) {
            return Self::DataTime;
        }
        if says("per_second")
            || says("per_sec")
            || says("throughput")
            || lower.ends_with("/s")
            || any(&["fps", "ips", "tps"])
        {
            return Self::Throughput;
        }
        if says("grad") && says("norm") {
            return Self::GradientNorm;
        }
        if any(&["loss", "nll", "perplexity", "ppl"]) || says("loss") {
            // Means over epochs smooth away what detectors look for, and come once in a while.
            return if any(&["val", "valid", "validation", "eval", "test", "dev"]) {
                Self::ValidationLoss
            } else if has("epoch") {
                Self::Other
            } else {
                Self::Loss
            };
        }
        Self::Other
    }

    fn of_machine(name: &str) -> Self {
        let gpu = || {
            let (number, what) = name.strip_prefix("gpu/")?.split_once('/')?;
            let gpu = number.parse().ok()?;
            Some(match what {
                "utilisation" => Self::GpuUtilisation(gpu),
                "process_memory" => Self::GpuProcessMemory(gpu),
                "ecc_uncorrected" => Self::GpuUncorrected(gpu),
                "ecc_corrected" => Self::GpuCorrected(gpu),
                "remap_pending" | "remap_failed" | "remapped_rows_uncorrectable" => Self::GpuRemap(gpu),
                "throttled" => Self::GpuThrottled(gpu),
                _ => Self::Machine,
            })
        };
        match name {
            "process/cpu" => Self::ProcessCpu,
            "process/rss" => Self::ProcessMemory,
            "memory_available" => Self::MemoryAvailable,
            "cgroup/memory" => Self::GroupMemory,
            "cgroup/memory_limit" => Self::GroupMemoryLimit,
            "disk_free" => Self::DiskFree,
            "quota/user/free" | "quota/group/free" => Self::QuotaFree,
            _ => gpu().unwrap_or(Self::Machine),
        }
    }

    /// Whether the run itself says it, rather than who watches the machine.
    pub fn is_of_run(self) -> bool {
        matches!(
            self,
            Self::Loss
                | Self::ValidationLoss
                | Self::GradientNorm
                | Self::Throughput
                | Self::StepTime
                | Self::DataTime
                | Self::RankStepTime(_)
                | Self::Other
        )
    }
}

/// The rank that a name speaks of: `rank/3/step_time`, `step_time/rank_3`, `rank3_step_time`.
fn rank(name: &str) -> Option<u32> {
    let rest = name.split_once("rank")?.1.trim_start_matches(['/', '_', '-', '.']);
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    rest[..digits].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_people_use() {
        for (name, role) in [
            ("train/loss", Role::Loss),
            ("loss", Role::Loss),
            ("train_loss_step", Role::Loss),
            ("torch/loss", Role::Loss),
            ("torch/2/grad_norm", Role::GradientNorm),
            ("torch/2/step_time", Role::StepTime),
            ("val/loss", Role::ValidationLoss),
            ("eval_loss", Role::ValidationLoss),
            ("validation/cross_entropy_loss", Role::ValidationLoss),
            ("train/epoch_loss", Role::Other),
            ("train/grad_norm", Role::GradientNorm),
            ("gradient norm", Role::GradientNorm),
            ("samples_per_second", Role::Throughput),
            ("tokens/s", Role::Throughput),
            ("step_time", Role::StepTime),
            ("time/step_ms", Role::StepTime),
            ("data_time", Role::DataTime),
            ("dataloader/wait", Role::DataTime),
            ("rank/3/step_time", Role::RankStepTime(3)),
            ("step_time/rank_12", Role::RankStepTime(12)),
            ("accuracy", Role::Other),
            ("val/accuracy", Role::Other),
            ("learning_rate", Role::Other),
            ("", Role::Other),
            ("system/gpu/2/utilisation", Role::GpuUtilisation(2)),
            ("system/gpu/x/utilisation", Role::Machine),
            ("system/process/rss", Role::ProcessMemory),
            ("system/cpu", Role::Machine),
        ] {
            assert_eq!(Role::of(name), role, "{name}");
        }
    }
}
