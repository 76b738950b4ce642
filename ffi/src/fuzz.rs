//! Reads bytes as a sequence of calls of the C functions, right ones and wrong ones, and checks what every call promises:
//! it returns, without a panic, and every output is written, with zeros on an error. For the fuzz target and for the test
//! that holds the header's lists of errors to what is really returned.

use core::ffi::{c_char, c_void};

use taskwire::{Controller, ControllerConfig, ControllerEvent, Instant, PeerId};

use crate::view::Growing;
use crate::*;

/// Frames of the agents that are made here are at most this long.
const FRAME: usize = 1200;

/// More frames than this at one moment are a host that spins.
const MOST_FRAMES: usize = 10_000;

/// Bytes that are read one after another; zeros when there are none left.
struct Input<'a> {
    bytes: &'a [u8],
}

impl Input<'_> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        let mut out = [0; N];
        let length = N.min(self.bytes.len());
        let (now, later) = self.bytes.split_at(length);
        out[..length].copy_from_slice(now);
        self.bytes = later;
        out
    }

    fn u8(&mut self) -> u8 {
        self.take::<1>()[0]
    }

    fn below(&mut self, bound: u8) -> u8 {
        self.u8() % bound
    }

    /// One of the numbers, or any number at all.
    fn number(&mut self, likely: &[u64]) -> u64 {
        match likely.get(usize::from(self.u8() % 8)) {
            Some(number) => *number,
            None if self.below(4) == 0 => u64::from_le_bytes(self.take()),
            None => u64::from(u16::from_le_bytes(self.take())),
        }
    }

    fn code(&mut self, likely: &[u32]) -> u32 {
        let index = usize::from(self.u8());
        match likely.get(index % (likely.len() + 1)) {
            Some(code) => *code,
            None => u32::from_le_bytes(self.take()),
        }
    }
}

/// The objects that the calls are about, and what was seen of them.
struct Calls<'a, F> {
    input: Input<'a>,
    seen: F,
    agent: *mut taskwire_agent,
    framer: *mut taskwire_framer,
    controller: Option<Controller>,
    /// The newest frame of either side.
    frame: Vec<u8>,
    now: u64,
}

/// Room for any output, at an address that is aligned for all of them.
#[repr(C, align(16))]
struct Room([u8; 4096]);

/// Carries out the calls that the bytes say.
///
/// # Panics
/// When a call breaks what it promises. That is what a fuzzer looks for.
pub fn calls(bytes: &[u8]) {
    calls_with(bytes, |_, _| ());
}

/// The same, and tells of each call its function's name and its status.
///
/// # Panics
/// As `calls`.
pub fn calls_with(bytes: &[u8], seen: impl FnMut(&'static str, taskwire_status)) {
    let mut calls = Calls {
        input: Input { bytes },
        seen,
        agent: core::ptr::null_mut(),
        framer: core::ptr::null_mut(),
        controller: None,
        frame: Vec::new(),
        now: 1_000_000,
    };
    calls.new_agent();
    while !calls.input.bytes.is_empty() {
        calls.one();
    }
    // SAFETY: NULL or made by the functions that give them, and freed once, as this is the end.
    unsafe {
        taskwire_agent_free(calls.agent);
        taskwire_framer_free(calls.framer);
    }
}

/// Calls a function with a place for each output, filled with garbage, and checks that an error leaves zeros there.
macro_rules! checked {
    ($self:ident, $name:ident($($argument:expr),* $(,)?)) => {{
        // SAFETY: objects are NULL or alive, and every pointer is NULL, misaligned, or into memory that is large enough.
        let status: taskwire_status = unsafe { $name($($argument),*) };
        assert_ne!(status, TASKWIRE_ERROR_PANICKED, "a panic inside {}", stringify!($name));
        ($self.seen)(stringify!($name), status);
        status
    }};
}

impl<F: FnMut(&'static str, taskwire_status)> Calls<'_, F> {
    fn one(&mut self) {
        match self.input.below(32) {
            0 => self.new_agent(),
            1 => self.new_framer(),
            2..=4 => self.exchange(),
            5 => self.mutated_frame(),
            6 => self.random_frame(),
            7 | 8 => self.time(),
            9 => self.poll_transmit(),
            10 => self.poll_events(),
            11 => self.updates(),
            12 => self.questions(),
            13 => self.tasks(),
            14 => self.framed(),
            15 => self.leave(),
            16 => self.words(),
            _ => self.report(),
        }
    }

    /// A pointer as it is, or NULL, or misaligned: `spare` bytes behind it must be there.
    fn pointer<T>(&mut self, right: *mut T) -> *mut T {
        match self.input.u8() {
            0 => core::ptr::null_mut(),
            1 => right.cast::<u8>().wrapping_add(1).cast::<T>(),
            _ => right,
        }
    }

    fn id(&mut self) -> taskwire_task_id {
        let mut bytes = [0; 16];
        bytes[15] = self.input.below(8);
        taskwire_task_id { bytes }
    }

    fn new_agent(&mut self) {
        let mut config = taskwire_agent_config::initial();
        let names: [&[u8]; 4] = [b"n\0", b"\0", b"\xff\0", &[b'x'; 70]];
        config.node = names[usize::from(self.input.u8()).saturating_sub(250).min(3)].as_ptr().cast::<c_char>();
        config.epoch = self.input.number(&[1, 2, 3, 0, u64::MAX, u64::MAX - 1]);
        config.seed = self.input.number(&[]);
        if self.input.below(4) == 0 {
            config.slots = self.input.code(&[1, 2, 64, 0]).min(5000);
            config.log = self.input.code(&[5, 6, 12, 0]).min(40_000);
            config.events = self.input.code(&[4, 5, 3]).min(70_000);
            config.metadata = self.input.code(&[384, 0]);
            config.frame = self.input.code(&[1200, 600, 0]).min(FRAME as u32);
        }
        config.struct_size = self.input.code(&[config.struct_size; 20]).min(config.struct_size);
        let mut room = Room([0x55; 4096]);
        let place = room.0.as_mut_ptr().cast::<*mut taskwire_agent>();
        let out = self.pointer(place);
        let mut words = [b'x'; 40];
        let capacity = usize::from(self.input.below(41));
        let mut length = usize::MAX;
        let status = checked!(
            self,
            taskwire_agent_config_check(&config, words.as_mut_ptr().cast::<c_char>(), capacity, &mut length)
        );
        assert_eq!(status == TASKWIRE_OK, length == 0);
        assert!(capacity == 0 || words[..capacity].contains(&0));
        if checked!(self, taskwire_agent_new(&config, out)) == TASKWIRE_OK {
            assert_eq!(status, TASKWIRE_OK);
            // SAFETY: the place was written; the former agent is freed once.
            unsafe {
                taskwire_agent_free(self.agent);
                self.agent = *place;
            }
            self.now = 1_000_000;
        } else if out == place {
            // SAFETY: within the room.
            assert!(unsafe { *place }.is_null());
        }
    }

    fn new_framer(&mut self) {
        let mut framer = core::ptr::dangling_mut();
        let kind = self.input.code(&[TASKWIRE_FRAMER_LENGTH, TASKWIRE_FRAMER_COBS]);
        let most = self.input.code(&[512, 1200, 65_535, 511]);
        if checked!(self, taskwire_framer_new(kind, most, &mut framer)) == TASKWIRE_OK {
            // SAFETY: NULL or made here before, and freed once.
            unsafe { taskwire_framer_free(self.framer) };
            self.framer = framer;
        } else {
            assert!(framer.is_null());
        }
    }

    fn deliver(&mut self, frame: &[u8]) {
        checked!(self, taskwire_agent_receive(self.agent, self.now, frame.as_ptr(), frame.len()));
    }

    fn next_frame(&mut self) -> bool {
        let mut buffer = [0x55; FRAME];
        let mut length = usize::MAX;
        let status =
            checked!(self, taskwire_agent_poll_transmit(self.agent, self.now, buffer.as_mut_ptr(), FRAME, &mut length));
        assert!(length <= FRAME && (status == TASKWIRE_OK || length == 0));
        if length > 0 {
            self.frame.clear();
            self.frame.extend_from_slice(&buffer[..length]);
        }
        length > 0
    }

    /// The agent and a controller say what they have to say; some frames are lost.
    fn exchange(&mut self) {
        let fresh = self.input.below(16) == 0;
        if self.controller.is_none() || fresh {
            let config = ControllerConfig::new("c").map(|config| config.term(1 + u64::from(self.input.below(3))));
            self.controller = config.and_then(|config| Controller::new(config, self.input.u8().into())).ok();
        }
        let lost = self.input.u8();
        let Some(mut controller) = self.controller.take() else { return };
        for round in 0..8 {
            let now = Instant::from_micros(self.now);
            let mut frames = 0;
            while self.next_frame() {
                frames += 1;
                assert!(frames < MOST_FRAMES, "the agent makes frames without end at {} us", self.now);
                if lost & 1 << round == 0 {
                    let _ = controller.receive(now, PeerId(1), &self.frame);
                }
            }
            while let Some(event) = controller.poll_event() {
                if let ControllerEvent::CommitDue { node, position } = event {
                    let _ = controller.commit(node, position);
                }
            }
            controller.handle_timeout(now);
            let mut buffer = [0; 65_507];
            let mut frames = 0;
            while let Ok(Some((_, length))) = controller.poll_transmit(now, &mut buffer) {
                frames += 1;
                assert!(frames < MOST_FRAMES, "the controller makes frames without end at {} us", self.now);
                self.frame = buffer[..length].to_vec();
                if lost & 1 << round == 0 {
                    self.deliver(&buffer[..length]);
                }
            }
            self.now = self.now.saturating_add(20_000);
        }
        self.controller = Some(controller);
    }

    fn mutated_frame(&mut self) {
        let mut frame = self.frame.clone();
        for _ in 0..self.input.below(4) {
            let at = usize::from(u16::from_le_bytes(self.input.take()));
            let length = frame.len().max(1);
            if let Some(byte) = frame.get_mut(at % length) {
                *byte ^= self.input.u8();
            }
        }
        self.deliver(&frame);
    }

    fn random_frame(&mut self) {
        let frame: [u8; 40] = self.input.take();
        let length = usize::from(self.input.below(41));
        self.deliver(&frame[..length]);
        let length = self.input.number(&[0, 1, u64::MAX]) as usize;
        let none = core::ptr::null();
        let status = checked!(self, taskwire_agent_receive(self.agent, self.now, none, length));
        assert_ne!(status, TASKWIRE_OK, "NULL, or nothing, is no frame");
    }

    fn time(&mut self) {
        match self.input.below(8) {
            0 => self.now = self.input.number(&[0, u64::MAX, 1]),
            1 => self.now = self.now.saturating_add(20_000_000),
            _ => self.now = self.now.saturating_add(u64::from(self.input.u8()) * 10_000),
        }
        checked!(self, taskwire_agent_handle_timeout(self.agent, self.now));
        let (mut is_set, mut deadline) = (9, 9);
        checked!(self, taskwire_agent_next_timeout(self.agent, &mut is_set, &mut deadline));
        assert!(is_set < 2 && (is_set == 1 || deadline == 0));
        let most = self.input.number(&[0, 1_000_000, u64::MAX]);
        // SAFETY: the agent is NULL or alive.
        assert!(unsafe { taskwire_agent_wait_us(self.agent, self.now, most) } <= most);
        let (mut text, mut length) = (core::ptr::dangling(), 9);
        checked!(self, taskwire_agent_next_timeout_reason(self.agent, &mut text, &mut length));
        assert_eq!(text.is_null(), length == 0);
        assert_eq!(length == 0, is_set == 0);
    }

    fn poll_transmit(&mut self) {
        let mut buffer = [0x55; FRAME];
        let capacity = usize::from(u16::from_le_bytes(self.input.take())) % (FRAME + 1);
        let out = self.pointer(buffer.as_mut_ptr());
        let capacity = if out == buffer.as_mut_ptr() { capacity } else { capacity.min(FRAME - 1) };
        let mut length = 9;
        let status = checked!(self, taskwire_agent_poll_transmit(self.agent, self.now, out, capacity, &mut length));
        assert!(length <= capacity && (status == TASKWIRE_OK || length == 0));
    }

    fn poll_events(&mut self) {
        let mut room = Room([0x55; 4096]);
        let first = room.0.as_mut_ptr().cast::<taskwire_agent_event>();
        let size = self.input.code(&[size_of::<taskwire_agent_event>() as u32; 6]).min(600);
        // SAFETY: within the room.
        unsafe { first.cast::<u32>().write(size) };
        let capacity = usize::from(self.input.below(6));
        let out = self.pointer(first);
        let mut count = usize::MAX;
        let status = checked!(self, taskwire_agent_poll_events(self.agent, out, capacity, &mut count));
        assert!(count <= capacity && (status == TASKWIRE_OK || count == 0));
        checked!(self, taskwire_agent_poll_event(self.agent, out));
    }

    fn updates(&mut self) {
        const MOST: usize = 5;
        let mut updates = [taskwire_update::initial(); MOST];
        let bytes: [u8; 600] = [b'm'; 600];
        for update in &mut updates {
            update.kind = self.input.code(&[1, 2, 3, 4, 5, 1, 2]);
            update.task = self.id();
            update.state = self.input.code(&[100, 200, 300, 400, 500]);
            update.percent = self.input.code(&[0, 50, 100, 255]);
            update.reason = self.input.code(&[0, 3, 65_535]);
            update.exit_kind = self.input.code(&[0, 1, 2]);
            update.exit_value = i32::from_le_bytes(self.input.take());
            update.has_trace = self.input.code(&[0, 1, 0, 0]);
            update.has_at = self.input.code(&[0, 1, 0, 0]);
            update.at_ms = self.input.number(&[0, u64::MAX, 1 << 62]);
            let length = |input: &mut Input<'_>| [0, 5, 100, 600][usize::from(input.below(4))];
            (update.metadata_length, update.metadata) = (length(&mut self.input), bytes.as_ptr().cast::<c_void>());
            (update.message_length, update.message) = (length(&mut self.input), bytes.as_ptr().cast::<c_void>());
            if self.input.below(8) != 0 {
                update.result = bytes.as_ptr().cast::<c_void>();
            }
            update.result_length = length(&mut self.input);
            if self.input.below(32) == 0 {
                update.struct_size = u32::from_le_bytes(self.input.take()) % (update.struct_size + 1);
            }
        }
        let count = usize::from(self.input.below(MOST as u8 + 1));
        let mut done = usize::MAX;
        let first = updates.as_ptr();
        let status = checked!(self, taskwire_agent_update(self.agent, self.now, first, count, &mut done));
        assert!(done <= count && (done == count || status != TASKWIRE_OK));
    }

    fn questions(&mut self) {
        // SAFETY: the agent is NULL or alive.
        let durable = unsafe { taskwire_agent_is_durable(self.agent) };
        assert!(matches!(durable, 0 | 1 | TASKWIRE_ERROR_NULL_POINTER));
        let mut state = taskwire_sync_state::initial();
        let status = checked!(self, taskwire_agent_sync_state(self.agent, &mut state));
        assert!(status != TASKWIRE_OK || (durable == 1) == (state.undurable == 0));
        assert!(state.unreceived <= state.undurable && state.durable_revision <= state.received_revision);
        let (mut lease, mut until, mut session, mut epoch) = (9, 9, 9, 9);
        checked!(self, taskwire_agent_lease(self.agent, self.now, &mut lease, &mut until));
        assert!(lease <= 2 && (lease == TASKWIRE_LEASE_HELD || until == 0));
        checked!(self, taskwire_agent_session(self.agent, &mut session));
        assert!(session <= TASKWIRE_SESSION_LEFT);
        checked!(self, taskwire_agent_epoch(self.agent, &mut epoch));
        let mut values = [7; 200];
        let capacity = usize::from(self.input.below(200));
        let mut count = usize::MAX;
        checked!(self, taskwire_agent_metrics(self.agent, values.as_mut_ptr(), capacity, &mut count));
        assert!(count <= capacity && values[count..].iter().all(|value| *value == 7));
    }

    fn tasks(&mut self) {
        let mut tasks = [taskwire_task::initial(); 3];
        let (mut slot, mut count, mut all) = (0, 0, 0);
        let most = 1 + usize::from(self.input.below(3));
        loop {
            checked!(self, taskwire_agent_tasks(self.agent, slot, tasks.as_mut_ptr(), most, &mut count, &mut slot));
            for task in &tasks[..count] {
                let mut again = taskwire_task::initial();
                let status = checked!(self, taskwire_agent_task(self.agent, &task.id, &mut again));
                assert_eq!((status, again.slot, again.number), (TASKWIRE_OK, task.slot, task.number));
                // SAFETY: the agent has not been changed since, and the pointers are valid for their lengths.
                let sum = unsafe {
                    view::bytes(again.metadata.cast(), again.metadata_length).map_or(0, <[u8]>::len)
                        + view::bytes(again.message.cast(), again.message_length).map_or(0, <[u8]>::len)
                };
                assert_eq!(sum, again.metadata_length + again.message_length);
            }
            all += count;
            if count == 0 {
                break;
            }
        }
        assert!(all <= 16, "{all} tasks, and only eight ids, each of them also a byte further on");
        let (id, mut task) = (self.id(), taskwire_task::initial());
        checked!(self, taskwire_agent_task(self.agent, &id, &mut task));
        slot = self.input.code(&[0, u32::MAX]);
        checked!(self, taskwire_agent_tasks(self.agent, slot, tasks.as_mut_ptr(), 3, &mut count, &mut slot));
    }

    fn framed(&mut self) {
        let mut bytes = [0x55; 2 * FRAME];
        let (mut length, mut taken) = (usize::MAX, usize::MAX);
        let capacity = usize::from(u16::from_le_bytes(self.input.take())) % bytes.len();
        let frame = self.frame.clone();
        let out = bytes.as_mut_ptr();
        let kind = self.input.code(&[TASKWIRE_FRAMER_LENGTH, TASKWIRE_FRAMER_COBS]);
        let status =
            checked!(self, taskwire_framer_wrap(kind, frame.as_ptr(), frame.len(), out, capacity, &mut length));
        assert!(length <= taskwire_framer_room(kind, frame.len()));
        assert!(length <= capacity && (status == TASKWIRE_OK) == (length > 0));
        if self.input.below(4) == 0 {
            bytes[0] ^= self.input.u8();
            length = length.max(1);
        }
        let mut at = 0;
        let mut found = core::ptr::null();
        for _ in 0..100 {
            let piece = (1 + usize::from(self.input.u8())).min(length - at);
            checked!(self, taskwire_framer_push(self.framer, bytes[at..].as_ptr(), piece, &mut taken));
            assert!(taken <= piece);
            at += taken;
            let mut found_length = usize::MAX;
            while checked!(self, taskwire_framer_next(self.framer, &mut found, &mut found_length)) == TASKWIRE_OK
                && found_length > 0
            {
                // SAFETY: the framer has not been called since, and the frame is valid for its length.
                let frame = unsafe { view::bytes(found.cast(), found_length) }.map_or(vec![], <[u8]>::to_vec);
                self.deliver(&frame);
            }
            assert!(found.is_null() && found_length == 0);
            let (mut pieces, mut bytes) = (u64::MAX, u64::MAX);
            checked!(self, taskwire_framer_dropped(self.framer, &mut pieces, &mut bytes));
            assert!(pieces <= bytes);
            if at == length {
                break;
            }
        }
    }

    fn leave(&mut self) {
        match self.input.below(8) {
            0 => drop(checked!(self, taskwire_agent_goodbye(self.agent, self.now))),
            1 => {
                let after = self.input.number(&[0, u64::MAX]);
                checked!(self, taskwire_agent_goodbye_until(self.agent, self.now, after));
            }
            2 => {
                let wall = self.input.number(&[0, u64::MAX]);
                checked!(self, taskwire_agent_set_wall_clock(self.agent, self.now, wall));
            }
            _ => {
                let (seen, mut epoch) = (self.input.number(&[1, 2, 3, u64::MAX, u64::MAX - 1]), u64::MAX);
                let status = checked!(self, taskwire_agent_supersede(self.agent, self.now, seen, &mut epoch));
                assert_eq!(status == TASKWIRE_OK, epoch == seen.wrapping_add(1) && epoch != 0);
            }
        }
    }

    fn words(&mut self) {
        let mut words = [b'x'; 200];
        let capacity = usize::from(self.input.below(201));
        let out = self.pointer(words.as_mut_ptr().cast::<c_char>());
        let capacity = if out.is_null() { capacity } else { capacity.min(199) };
        let mut length = usize::MAX;
        let status = checked!(self, taskwire_agent_last_error(self.agent, out, capacity, &mut length));
        assert!(status == TASKWIRE_OK || length == 0);
        let text: [u8; 40] = self.input.take();
        let mut id = taskwire_task_id { bytes: [9; 16] };
        let mut ended = [0; 41];
        ended[..40].copy_from_slice(&text);
        checked!(self, taskwire_task_id_from_text(ended.as_ptr().cast::<c_char>(), &mut id));
        let mut text = [9; TASKWIRE_TASK_ID_TEXT_SIZE];
        checked!(self, taskwire_task_id_to_text(&id, text.as_mut_ptr(), text.len()));
        checked!(self, taskwire_task_id_from_text(text.as_ptr(), &mut id));
    }

    fn report(&mut self) {
        let mut room = Room([0x55; 4096]);
        let right = room.0.as_mut_ptr().cast::<taskwire_task_id>();
        // SAFETY: within the room, which is aligned for it.
        unsafe { right.write(self.id()) };
        let id = self.pointer(right).cast_const();
        let (agent, now) = (self.agent, self.now);
        let bytes = [b'b'; 600];
        let text = bytes.as_ptr().cast::<c_void>();
        let length = [0, 4, 100, 600][usize::from(self.input.below(4))];
        let (kind, value) = (self.input.code(&[0, 1, 1, 2]), i32::from(self.input.u8()));
        let reason = self.input.code(&[0, 1, 6, 1000, 65_535]);
        let percent = self.input.code(&[0, 50, 100, 101, 255]);
        let mut revision = u64::MAX;
        let status = match self.input.below(16) {
            0..=3 => checked!(self, taskwire_agent_register(agent, now, id, text, length, &mut revision)),
            4 | 5 => checked!(self, taskwire_agent_running(agent, now, id)),
            6 => checked!(self, taskwire_agent_progress(agent, now, id, percent)),
            7 => checked!(self, taskwire_agent_detail(agent, now, id, percent, text, length)),
            8 => checked!(self, taskwire_agent_succeeded(agent, now, id, kind, value)),
            9 | 10 => checked!(self, taskwire_agent_failed(agent, now, id, reason, kind, value)),
            11 => checked!(self, taskwire_agent_cancelled(agent, now, id, reason)),
            12 => checked!(self, taskwire_agent_retry(agent, now, id)),
            13 => checked!(self, taskwire_agent_forget(agent, now, id)),
            _ => {
                let mut report = taskwire_report::initial();
                (report.reason, report.exit_kind, report.exit_value) = (reason, kind, value);
                (report.message, report.message_length) = (text, length);
                report.source = self.input.code(&[0, 0, 1, 2]);
                report.struct_size = self.input.code(&[report.struct_size; 10]).min(report.struct_size);
                let state = self.input.code(&[100, 200, 300, 400, 500]);
                checked!(self, taskwire_agent_transition(agent, now, id, state, &report, &mut revision))
            }
        };
        assert!(status == TASKWIRE_OK || revision == 0 || revision == u64::MAX);
    }
}
