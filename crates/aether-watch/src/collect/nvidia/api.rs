//! The few functions of NVML that are called, with the signatures of its public header `nvml.h`.
//!
//! Each is looked up by itself: a library that lacks one (an old driver) still gives all the others.
#![allow(unsafe_code, reason = "a C library loaded at run time has no safe interface")]

use std::{
    ffi::{OsStr, c_int, c_uint, c_ulonglong, c_void},
    ptr,
};

use libloading::{Library, Symbol};

const SUCCESS: c_int = 0;
const INSUFFICIENT_SIZE: c_int = 7;
const EVENT_XID: c_ulonglong = 8;
const SENSOR_GPU: c_uint = 0;
const VOLATILE: c_uint = 0;
/// Kinds of clocks.
pub(super) const CLOCK_SM: c_uint = 1;
pub(super) const CLOCK_MEMORY: c_uint = 2;

/// A device, as the library knows it. It is only ever handed back to the library.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Handle(*mut c_void);

// SAFETY: NVML is documented as thread-safe, and its handles are names of devices, not memory that anybody owns.
unsafe impl Send for Handle {}

/// Percent of the time.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Utilisation {
    pub(super) gpu: c_uint,
    pub(super) memory: c_uint,
}

/// Bytes.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Memory {
    pub(super) total: c_ulonglong,
    pub(super) free: c_ulonglong,
    pub(super) used: c_ulonglong,
}

/// `nvmlProcessInfo_t` of the calls that end in `_v3`.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ProcessMemory {
    pub(super) pid: c_uint,
    pub(super) bytes: c_ulonglong,
    gpu_instance: c_uint,
    compute_instance: c_uint,
}

/// Rows of memory that others stand in for.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct RemappedRows {
    pub(super) corrected: c_uint,
    pub(super) uncorrected: c_uint,
    pub(super) pending: c_uint,
    pub(super) failed: c_uint,
}

/// `nvmlEventData_t`.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
struct EventData {
    device: *mut c_void,
    kind: c_ulonglong,
    data: c_ulonglong,
    gpu_instance: c_uint,
    compute_instance: c_uint,
}

/// An error that the driver told of.
#[derive(Debug, Clone, Copy)]
pub(super) struct XidError {
    pub(super) device: Handle,
    pub(super) xid: u64,
}

type Get<T> = unsafe extern "C" fn(*mut c_void, *mut T) -> c_int;
type GetKind<T> = unsafe extern "C" fn(*mut c_void, c_uint, *mut T) -> c_int;
type EccErrors = unsafe extern "C" fn(*mut c_void, c_uint, c_uint, *mut c_ulonglong) -> c_int;
type Rows = unsafe extern "C" fn(*mut c_void, *mut c_uint, *mut c_uint, *mut c_uint, *mut c_uint) -> c_int;
type Processes = unsafe extern "C" fn(*mut c_void, *mut c_uint, *mut ProcessMemory) -> c_int;
type Register = unsafe extern "C" fn(*mut c_void, c_ulonglong, *mut c_void) -> c_int;
type Wait = unsafe extern "C" fn(*mut c_void, *mut EventData, c_uint) -> c_int;

/// The library, initialised; dropped, it is shut down.
pub(super) struct Nvml {
    count: Option<unsafe extern "C" fn(*mut c_uint) -> c_int>,
    handle: Option<unsafe extern "C" fn(c_uint, *mut *mut c_void) -> c_int>,
    utilisation: Option<Get<Utilisation>>,
    memory: Option<Get<Memory>>,
    power: Option<Get<c_uint>>,
    power_limit: Option<Get<c_uint>>,
    temperature: Option<GetKind<c_uint>>,
    clock: Option<GetKind<c_uint>>,
    throttle: Option<Get<c_ulonglong>>,
    ecc: Option<EccErrors>,
    rows: Option<Rows>,
    processes: Option<Processes>,
    wait: Option<Wait>,
    shutdown: Option<unsafe extern "C" fn() -> c_int>,
    free_events: Option<unsafe extern "C" fn(*mut c_void) -> c_int>,
    /// The set of events that are waited for; null when there are none.
    events: *mut c_void,
    // Last, so that it is unloaded after everything that points into it.
    _library: Library,
}

// SAFETY: NVML is documented as thread-safe; `events` is a handle that only this value uses.
unsafe impl Send for Nvml {}

impl std::fmt::Debug for Nvml {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Nvml").finish_non_exhaustive()
    }
}

/// # Safety
/// `T` must be the type of the function that the library has under this name.
unsafe fn symbol<T: Copy>(library: &Library, name: &str) -> Option<T> {
    // SAFETY: the caller's promise.
    let symbol: Symbol<'_, T> = unsafe { library.get(name) }.ok()?;
    Some(*symbol)
}

/// What a call gave, if it succeeded.
fn got<T: Default>(call: impl FnOnce(*mut T) -> c_int) -> Option<T> {
    let mut value = T::default();
    (call(&raw mut value) == SUCCESS).then_some(value)
}

impl Nvml {
    /// Loads and initialises the library.
    pub(super) fn load(name: &OsStr) -> Option<Self> {
        // SAFETY: the driver's library runs no more than its own set-up when it is loaded.
        let library = unsafe { Library::new(name) }.ok()?;
        // SAFETY: the types are those of `nvml.h`, here and in all that follow.
        let init: unsafe extern "C" fn() -> c_int = unsafe { symbol(&library, "nvmlInit_v2") }?;
        macro_rules! find {
            ($name:literal) => {
                // SAFETY: as above.
                unsafe { symbol(&library, $name) }
            };
        }
        let mut nvml = Self {
            count: find!("nvmlDeviceGetCount_v2"),
            handle: find!("nvmlDeviceGetHandleByIndex_v2"),
            utilisation: find!("nvmlDeviceGetUtilizationRates"),
            memory: find!("nvmlDeviceGetMemoryInfo"),
            power: find!("nvmlDeviceGetPowerUsage"),
            power_limit: find!("nvmlDeviceGetEnforcedPowerLimit"),
            temperature: find!("nvmlDeviceGetTemperature"),
            clock: find!("nvmlDeviceGetClockInfo"),
            throttle: find!("nvmlDeviceGetCurrentClocksThrottleReasons"),
            ecc: find!("nvmlDeviceGetTotalEccErrors"),
            rows: find!("nvmlDeviceGetRemappedRows"),
            processes: find!("nvmlDeviceGetComputeRunningProcesses_v3"),
            wait: find!("nvmlEventSetWait_v2"),
            shutdown: None,
            free_events: find!("nvmlEventSetFree"),
            events: ptr::null_mut(),
            _library: library,
        };
        // SAFETY: no arguments; the first call of all.
        if unsafe { init() } != SUCCESS {
            return None;
        }
        // Only what was initialised is shut down.
        // SAFETY: the type of `nvml.h`.
        nvml.shutdown = unsafe { symbol(&nvml._library, "nvmlShutdown") };
        nvml.listen();
        Some(nvml)
    }

    /// Has the library gather Xids, where it and the GPUs can.
    fn listen(&mut self) {
        // SAFETY: the types of `nvml.h`.
        let create: Option<unsafe extern "C" fn(*mut *mut c_void) -> c_int> =
            unsafe { symbol(&self._library, "nvmlEventSetCreate") };
        // SAFETY: as above.
        let register: Option<Register> = unsafe { symbol(&self._library, "nvmlDeviceRegisterEvents") };
        let (Some(create), Some(register)) = (create, register) else { return };
        // SAFETY: writes one pointer to where it is told.
        if unsafe { create(&raw mut self.events) } != SUCCESS {
            self.events = ptr::null_mut();
            return;
        }
        for device in (0..self.count()).filter_map(|index| self.device(index)) {
            // A GPU that has no such events says so; the others are still listened to.
            // SAFETY: a handle and a set that the library made.
            unsafe { register(device.0, EVENT_XID, self.events) };
        }
    }

    /// How many GPUs there are.
    pub(super) fn count(&self) -> u32 {
        // SAFETY: writes one number to where it is told; so do all that follow.
        self.count.and_then(|call| got(|out| unsafe { call(out) })).unwrap_or(0)
    }

    /// The GPU with this number.
    pub(super) fn device(&self, index: u32) -> Option<Handle> {
        let call = self.handle?;
        let mut handle = ptr::null_mut();
        // SAFETY: writes one pointer to where it is told.
        (unsafe { call(index, &raw mut handle) } == SUCCESS).then_some(Handle(handle))
    }

    pub(super) fn utilisation(&self, device: Handle) -> Option<Utilisation> {
        let call = self.utilisation?;
        // SAFETY: a handle of the library's, and room for what it writes.
        got(|out| unsafe { call(device.0, out) })
    }

    pub(super) fn memory(&self, device: Handle) -> Option<Memory> {
        let call = self.memory?;
        // SAFETY: as above.
        got(|out| unsafe { call(device.0, out) })
    }

    /// Milliwatts.
    pub(super) fn power(&self, device: Handle) -> Option<u32> {
        let call = self.power?;
        // SAFETY: as above.
        got(|out| unsafe { call(device.0, out) })
    }

    /// Milliwatts.
    pub(super) fn power_limit(&self, device: Handle) -> Option<u32> {
        let call = self.power_limit?;
        // SAFETY: as above.
        got(|out| unsafe { call(device.0, out) })
    }

    /// Degrees Celsius.
    pub(super) fn temperature(&self, device: Handle) -> Option<u32> {
        let call = self.temperature?;
        // SAFETY: as above.
        got(|out| unsafe { call(device.0, SENSOR_GPU, out) })
    }

    /// MHz.
    pub(super) fn clock(&self, device: Handle, kind: u32) -> Option<u32> {
        let call = self.clock?;
        // SAFETY: as above.
        got(|out| unsafe { call(device.0, kind, out) })
    }

    /// A set of bits.
    pub(super) fn throttle_reasons(&self, device: Handle) -> Option<u64> {
        let call = self.throttle?;
        // SAFETY: as above.
        got(|out| unsafe { call(device.0, out) })
    }

    /// Errors of memory since the driver was loaded.
    pub(super) fn ecc_errors(&self, device: Handle, uncorrected: bool) -> Option<u64> {
        let call = self.ecc?;
        // SAFETY: as above.
        got(|out| unsafe { call(device.0, c_uint::from(uncorrected), VOLATILE, out) })
    }

    pub(super) fn remapped_rows(&self, device: Handle) -> Option<RemappedRows> {
        let call = self.rows?;
        let mut rows = RemappedRows::default();
        // SAFETY: a handle of the library's, and room for the four numbers that it writes.
        let code = unsafe {
            call(
                device.0,
                &raw mut rows.corrected,
                &raw mut rows.uncorrected,
                &raw mut rows.pending,
                &raw mut rows.failed,
            )
        };
        (code == SUCCESS).then_some(rows)
    }

    /// The processes that compute on the GPU, in a list that keeps its room.
    pub(super) fn processes(&self, device: Handle, into: &mut Vec<ProcessMemory>) -> Option<()> {
        let call = self.processes?;
        // Others may begin between the question for the number and that for the list.
        for _ in 0..3 {
            let room = into.capacity().max(16);
            into.resize(room, ProcessMemory::default());
            let mut count = room as c_uint;
            // SAFETY: `into` has room for `count` elements, and the library writes no more.
            match unsafe { call(device.0, &raw mut count, into.as_mut_ptr()) } {
                SUCCESS => {
                    into.truncate(count as usize);
                    return Some(());
                }
                INSUFFICIENT_SIZE => into.reserve((count as usize).saturating_sub(into.len()) + 16),
                _ => break,
            }
        }
        into.clear();
        None
    }

    /// An error that the driver told of since the last call; never waits.
    pub(super) fn xid(&self) -> Option<XidError> {
        let call = self.wait.filter(|_| !self.events.is_null())?;
        let mut event =
            EventData { device: ptr::null_mut(), kind: 0, data: 0, gpu_instance: 0, compute_instance: 0 };
        // SAFETY: a set that the library made, and room for one event.
        let code = unsafe { call(self.events, &raw mut event, 0) };
        (code == SUCCESS && event.kind & EVENT_XID != 0)
            .then_some(XidError { device: Handle(event.device), xid: event.data })
    }
}

impl Drop for Nvml {
    fn drop(&mut self) {
        if let Some(free) = self.free_events.filter(|_| !self.events.is_null()) {
            // SAFETY: a set that the library made, and that nobody uses any more.
            unsafe { free(self.events) };
        }
        if let Some(shutdown) = self.shutdown {
            // SAFETY: it was initialised; nothing is called after.
            unsafe { shutdown() };
        }
    }
}
