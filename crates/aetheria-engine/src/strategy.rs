//! What the orchestrator asks of the hardware. It never learns what answers: one thread, many, a GPU, many ranks.

use crate::batch::Batch;

/// Which pass of which window a batch belongs to. A window is the run of batches whose gradients make one optimizer
/// step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pass {
    /// The optimizer step that this window will make, counted from 1.
    pub step: u64,
    /// The batch's place in its window, counted from 0. Together with `step` it numbers the random draws.
    pub micro: u32,
    /// What each sample's loss counts in the window's gradient: one over the number of samples in the *whole*
    /// window, so that accumulation equals the full batch, in a short last window too.
    pub weight: f32,
}

/// What one optimizer step is made with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Update {
    /// The optimizer step, counted from 1 (bias correction of Adam's moments).
    pub step: u64,
    /// The learning rate.
    pub rate: f64,
    /// What every gradient is multiplied by first: the clipping coefficient, or 1.
    pub scale: f32,
}

/// Where a NaN or an infinity first arose.
#[derive(Debug, Clone, PartialEq)]
pub struct NonFinite {
    /// What made it: `input`, `matmul`, `exp`, ..., `update`.
    pub op: String,
    /// The layer or parameter, such as `fc1` or `fc1.weight`.
    pub layer: String,
    /// Its first place in that result, row-major, batch dimension first.
    pub index: Vec<usize>,
    /// NaN, `inf` or `-inf`.
    pub value: f32,
}

/// What an evaluation pass gives.
#[derive(Debug)]
pub struct Evaluation<'a> {
    /// The sum of the samples' losses.
    pub loss_sum: f64,
    /// The model's outputs, `[size, outputs]`, row-major.
    pub outputs: &'a [f32],
}

/// One named part of the training state.
#[derive(Debug, Clone, PartialEq)]
pub struct StateTensor<'a> {
    /// `model/fc1.weight`, `optimizer/m/fc1.weight`, `gradient/fc1.weight`, ...
    pub name: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Its elements, row-major.
    pub data: &'a [f32],
}

/// A tensor's shape, and its elements, row-major.
pub type Tensor = (Vec<usize>, Vec<f32>);

/// Looks a tensor up by its name.
pub type FindTensor<'a> = dyn Fn(&str) -> Option<Tensor> + 'a;

/// Why a strategy could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StrategyError {
    /// A state that does not fit the model.
    #[error("the snapshot does not fit this model: {0}")]
    State(String),
    /// A batch that the model cannot take.
    #[error("{0}")]
    Data(String),
    /// The hardware or its library failed.
    #[error("{0}")]
    Device(String),
}

/// Does the arithmetic of training somewhere. Its results do not depend on how many threads it uses.
pub trait Strategy: Send {
    /// Where it computes, for a person: `cpu, 2 threads, avx512`.
    fn describe(&self) -> String;

    /// Runs the batch forward and backward and adds its gradients to the window's; the pass with `micro == 0`
    /// begins a new window. Returns the sum of the samples' losses.
    ///
    /// # Errors
    /// When the device fails.
    fn accumulate(&mut self, batch: &Batch, pass: Pass) -> Result<f64, StrategyError>;

    /// The global L2 norm of the window's gradients; not finite if any of them is not.
    ///
    /// # Errors
    /// When the device fails.
    fn gradient_norm(&mut self) -> Result<f64, StrategyError>;

    /// Makes the optimizer step with the window's gradients. If any parameter would become NaN or infinite it
    /// changes nothing and says which.
    ///
    /// # Errors
    /// When the device fails.
    fn update(&mut self, update: Update) -> Result<Result<(), NonFinite>, StrategyError>;

    /// Runs the batch forward only, without dropout.
    ///
    /// # Errors
    /// When the device fails.
    fn evaluate(&mut self, batch: &Batch) -> Result<Evaluation<'_>, StrategyError>;

    /// Runs the pass again, one operation at a time, and tells where a NaN or an infinity first arises: in the
    /// batch, an activation, the loss or a gradient. The window's gradients are void afterwards.
    ///
    /// # Errors
    /// When the device fails.
    fn locate(&mut self, batch: &Batch, pass: Pass) -> Result<Option<NonFinite>, StrategyError>;

    /// Everything that must be written down to go on from here bit for bit: parameters, optimizer state, and, with
    /// `mid_window`, the gradients gathered so far.
    fn state(&self, mid_window: bool) -> Vec<StateTensor<'_>>;

    /// Takes up a state written down before; `find` gives a tensor's shape and elements by its name. Gradients may
    /// be missing.
    ///
    /// # Errors
    /// When a tensor is missing or has another shape; nothing has changed then.
    fn restore(&mut self, find: &FindTensor<'_>) -> Result<(), StrategyError>;
}
