//! What detectors can say, for documentation and for rules that name a kind.

/// A kind of event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// Its `kind` in the log.
    pub name: &'static str,
    /// What it means.
    pub meaning: &'static str,
}

/// All kinds of events that detectors make.
pub const KINDS: &[Kind] = &[
    Kind { name: "non_finite", meaning: "a value is NaN or infinite" },
    Kind { name: "spike", meaning: "a loss or a gradient's norm jumps" },
    Kind { name: "divergence", meaning: "a loss rises and stays up" },
    Kind { name: "plateau", meaning: "a loss no longer falls" },
    Kind { name: "gradient_explosion", meaning: "the gradient's norm is thirty times the usual" },
    Kind { name: "gradient_vanishing", meaning: "the gradient's norm is next to nothing" },
    Kind { name: "throughput_drop", meaning: "the work is slower than it was" },
    Kind { name: "stall", meaning: "nothing is said any more" },
    Kind { name: "stall_over", meaning: "something is said again" },
    Kind { name: "idle_accelerator", meaning: "a GPU is held and not used" },
    Kind { name: "loader_bound", meaning: "steps wait for data" },
    Kind { name: "memory_leak", meaning: "the run's memory grows steadily" },
    Kind { name: "straggler", meaning: "one rank is slower than the others" },
    Kind { name: "overfitting", meaning: "the validation loss rises while the training loss falls" },
    Kind { name: "disk_full", meaning: "the disk will be full" },
    Kind { name: "quota_full", meaning: "a user's or a group's quota of the disk will be used up" },
    Kind { name: "memory_exhausted", meaning: "memory will be exhausted" },
    Kind { name: "finish_forecast", meaning: "when the last step will be reached" },
    Kind { name: "time_limit", meaning: "the time will be up before the last step" },
    Kind { name: "gpu_failing", meaning: "a GPU has errors of memory, remaps rows, or is throttled" },
    Kind { name: "gpu_xid", meaning: "the driver tells of an error of a GPU" },
];
