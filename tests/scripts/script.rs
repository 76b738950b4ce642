//! The language of the scripts. A script is comments (`#`), commands, and what came of them: the lines that follow a command
//! are its output, and running a script gives the same script with the output that it really has.
//!
//! Configuration, before anything else is said:
//! `agent config epoch 10 slots 4 log 40 finals 2 metadata 9 message 9 result 9 frame 600 linger 20ms in_flight 1 events 4 node edge`,
//! `twin config node edge epoch 10` (another agent, called twin), `controller config heartbeat 5s lease 15s events 4 reorder 2
//! finals 4 finals_age 10s history 9 detail_history 9 nodes 1 handshakes 1 repairs 1 slots 8 policy received term 1 name control`.
//!
//! An agent's host: `agent: register t1 meta "build" message "m"`, `register t1 long 900` (metadata of so many bytes), `running`, `succeeded t1 exit 0 result "r"`, `failed t1 exit 3`,
//! `cancelled`, `retry`, `progress t1 40`, `detail t1 40 "m"`, `forget`, `life t1` (registered, running, succeeded), of one task
//! or of `t1..t9`; `goodbye 5s`, `supersede 20`, `sleep 60s`, `will` (its carrier keeps a new one), `look`. The controller's: `controller: commit` (what was due last; `commit 2`
//! what was due the second last), `give up t1`, `forget node edge`, `bind agent edge`, `look`, `counters`, `intervals 1s 4s`, `link down agent`, `will agent` (that of its carrier comes), `away 10s`, `all clear`,
//! `watch w states RUNNING,FAILED details off` (a watcher of the view begins), `read w`, `read w 2`, `read w future`, `commits off`, `polls off`.
//!
//! The link: `lose > DELTA`, `lose < any all`, `lose twin> DELTA 2`, likewise `hold`, `double`, `corrupt`, `cut`, `falsify`, `pass`;
//! `clear >` takes rules back; `release`, `release reversed`, `release last`; `replay > DELTA 1` sends the first DELTA again.
//!
//! Time and life: `time +5s`, `delay 10ms`, `times on`, `freeze agent`, `thaw agent`, `restart agent epoch 12`,
//! `restart controller term 2 name other`, `clone agent twin` (a frozen copy, as of a machine's snapshot), `connect` (quietly, until all sessions are open and all is durable), `quiet`, `loud`,
//! `check` (the controller's copy is the agent's), `until durable` (at most an hour).

use std::time::Duration;

use taskwire::wire::Kind;
use taskwire::{
    AckPolicy, Agent, Controller, Exit, Name, NodeId, PeerId, Phase, Reason, Registration, Report, State, TaskId,
};

use crate::events;
use crate::link::{Fate, Way};
use crate::world::{Party, World};

type Step = Result<(), String>;

/// Runs a script, and gives it back with the output that it has.
pub fn run(text: &str) -> Result<String, String> {
    if !text.starts_with("# ") {
        return Err("line 1: the first line says what the script is for".to_string());
    }
    let mut world = World::new();
    let mut out = String::new();
    for (index, line) in text.lines().enumerate() {
        if is_output(line) {
            continue;
        }
        out += &format!("{line}\n");
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        command(&mut world, line).map_err(|error| format!("line {}: {error}", index + 1))?;
        if !sets_the_scene(line) {
            world.settle();
        }
        for line in world.lines.drain(..) {
            out += &format!("{line}\n");
        }
    }
    Ok(out)
}

/// Whether a line is output: something said on the link, told to a host, or looked at.
fn is_output(line: &str) -> bool {
    if line.starts_with('[') || line.starts_with(' ') {
        return true;
    }
    let mut words = line.split(' ');
    let (first, second) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
    first.ends_with('>') || first.ends_with('<') || matches!(second, "event:" | "error:" | "is:" | "shows:" | "counts:")
}

/// Whether a command only says how things are to be: nothing happens by it.
fn sets_the_scene(line: &str) -> bool {
    let mut words = line.split(' ');
    let (first, second) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
    let settings = ["delay", "times", "quiet", "clear"];
    second == "config"
        || settings.contains(&first)
        || Fate::from_word(first).is_some()
        || matches!(second, "commits" | "polls")
}

/// Words of a line; a text in quotes is one, without the quotes.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = line.trim();
    while !rest.is_empty() {
        let (word, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => rest.split_once(' ').unwrap_or((rest, "")),
        };
        words.push(word.to_string());
        rest = after.trim_start();
    }
    words
}

fn time(word: &str) -> Result<Duration, String> {
    let fault = || format!("`{word}` is no time: give it as 5s, 20ms or 7us");
    let digits = word.trim_start_matches('+');
    let end = digits.find(|c: char| !c.is_ascii_digit()).ok_or_else(fault)?;
    let number: u64 = digits[..end].parse().map_err(|_| fault())?;
    Ok(Duration::from_micros(match &digits[end..] {
        "s" => number * 1_000_000,
        "ms" => number * 1000,
        "us" => number,
        "h" => number * 3_600_000_000,
        _ => return Err(fault()),
    }))
}

fn number(word: &str) -> Result<u64, String> {
    word.parse().map_err(|_| format!("`{word}` is no number"))
}

fn word<'a>(words: &[&'a str], index: usize) -> Result<&'a str, String> {
    words.get(index).copied().ok_or_else(|| "something is missing at the end of the line".to_string())
}

fn command(world: &mut World, line: &str) -> Step {
    let owned = words(line);
    let all: Vec<&str> = owned.iter().map(String::as_str).collect();
    let rest = &all[1..];
    match all[0] {
        "time" => {
            let span = time(word(rest, 0)?)?;
            world.pass_until(span, |_| false);
        }
        "delay" => world.delay = time(word(rest, 0)?)?.as_micros() as u64,
        "times" => world.times = word(rest, 0)? == "on",
        "quiet" => world.quiet = true,
        "loud" => {
            world.settle();
            world.quiet = false;
        }
        "connect" => return connect(world),
        "until" => return until_durable(world),
        "check" => {
            for index in 0..world.parties.len() {
                let text = world.check(index);
                let name = world.parties[index].name.clone();
                world.say(format!("{name} shows: {text}"));
            }
        }
        "freeze" | "thaw" => return freeze(world, word(rest, 0)?, all[0] == "freeze"),
        "restart" => return restart(world, rest),
        "clone" => {
            let index = party(world, word(rest, 0)?).ok_or("no such agent")?;
            let (config, agent) = (world.parties[index].config.clone(), world.parties[index].agent.clone());
            world.parties.push(Party {
                name: word(rest, 1)?.to_string(),
                config,
                agent,
                frozen: true,
                will: Vec::new(),
            });
        }
        "release" => release(world, rest.first().copied()),
        "replay" => return replay(world, rest),
        "clear" => {
            let way = way(world, word(rest, 0)?)?;
            world.link.clear(way);
        }
        "controller:" => return controller(world, rest),
        "controller" if rest.first() == Some(&"config") => return configure_controller(world, &rest[1..]),
        name if rest.first() == Some(&"config") => return configure_agent(world, name, &rest[1..]),
        other => {
            if let Some(fate) = Fate::from_word(other) {
                return rule(world, fate, rest);
            }
            let index = other.strip_suffix(':').and_then(|name| party(world, name));
            let index = index.ok_or_else(|| format!("no agent or command `{other}`"))?;
            return agent(world, index, rest);
        }
    }
    Ok(())
}

fn party(world: &World, name: &str) -> Option<usize> {
    world.parties.iter().position(|party| party.name == name)
}

/// `>` and `<` are the first agent's, `twin>` and `twin<` another's.
fn way(world: &World, text: &str) -> Result<Way, String> {
    let fault = || format!("`{text}` is no way: give > or <, after the name of an agent that is not the first");
    let up = text.ends_with('>');
    let name = text.strip_suffix(['>', '<']).ok_or_else(fault)?;
    let agent = if name.is_empty() { Some(0) } else { party(world, name) };
    Ok(Way { agent: agent.ok_or_else(fault)?, up })
}

fn kind(text: &str) -> Result<Option<Kind>, String> {
    if text == "any" {
        return Ok(None);
    }
    let found = Kind::ALL.into_iter().find(|kind| kind.name() == text);
    found.map(Some).ok_or_else(|| format!("`{text}` is no kind of frame"))
}

fn rule(world: &mut World, fate: Fate, rest: &[&str]) -> Step {
    let way = way(world, word(rest, 0)?)?;
    let kind = kind(word(rest, 1)?)?;
    let count = match rest.get(2) {
        None => 1,
        Some(&"all") => u64::MAX,
        Some(count) => number(count)?,
    };
    world.link.rule(way, kind, fate, count);
    Ok(())
}

fn release(world: &mut World, order: Option<&str>) {
    let mut held: Vec<_> = match order {
        Some("last") => world.link.held.pop().into_iter().collect(),
        Some("first") if !world.link.held.is_empty() => vec![world.link.held.remove(0)],
        _ => world.link.held.drain(..).collect(),
    };
    if order == Some("reversed") {
        held.reverse();
    }
    for mut flight in held {
        flight.due = world.now;
        world.link.flying.push(flight);
    }
}

fn replay(world: &mut World, rest: &[&str]) -> Step {
    let way = way(world, word(rest, 0)?)?;
    let kind = kind(word(rest, 1)?)?;
    let sent = world.link.sent.iter().filter(|(w, k, _)| *w == way && kind.is_none_or(|kind| kind == *k));
    let bytes: Vec<Vec<u8>> = sent.map(|(_, _, bytes)| bytes.clone()).collect();
    let index = rest.get(2).map_or(Ok(bytes.len() as u64), |n| number(n))? as usize;
    let bytes = bytes.get(index.wrapping_sub(1)).cloned().ok_or("no such frame was sent")?;
    world.replay(way, bytes);
    Ok(())
}

fn connect(world: &mut World) -> Step {
    let quiet = std::mem::replace(&mut world.quiet, true);
    let open = |world: &World| {
        world.parties.iter().all(|p| p.agent.phase() == Phase::Open && p.agent.is_durable())
            && world.controller.view().nodes().all(|node| node.is_synced())
    };
    let done = world.pass_until(Duration::from_secs(60), open);
    world.quiet = quiet;
    if done {
        Ok(())
    } else {
        Err("not connected within a minute".to_string())
    }
}

fn until_durable(world: &mut World) -> Step {
    let done = world.pass_until(Duration::from_secs(3600), |world| world.parties.iter().all(|p| p.agent.is_durable()));
    if done {
        Ok(())
    } else {
        Err("not durable within an hour".to_string())
    }
}

fn freeze(world: &mut World, name: &str, frozen: bool) -> Step {
    if name == "controller" {
        world.controller_frozen = frozen;
        if !frozen {
            // The worst order: the host looks at its timers before it reads what waits.
            world.controller.handle_timeout(world.at());
        }
        return Ok(());
    }
    let index = party(world, name).ok_or_else(|| format!("no agent `{name}`"))?;
    world.parties[index].frozen = frozen;
    if !frozen {
        let now = world.at();
        world.parties[index].agent.handle_timeout(now);
    }
    Ok(())
}

fn restart(world: &mut World, rest: &[&str]) -> Step {
    let name = word(rest, 0)?;
    if name == "controller" {
        configure_controller(world, &rest[1..])?;
        let seed = world.seed();
        world.controller = Controller::new(world.config.clone(), seed).map_err(|error| error.to_string())?;
        world.due.clear();
        return Ok(());
    }
    configure_agent(world, name, &rest[1..])
}

fn configure_agent(world: &mut World, name: &str, settings: &[&str]) -> Step {
    let index = match party(world, name) {
        Some(index) => index,
        None => {
            world.add(name, name);
            world.parties.len() - 1
        }
    };
    let config = &mut world.parties[index].config;
    for pair in settings.chunks(2) {
        let value = word(pair, 1)?;
        let limits = &mut config.limits;
        match pair[0] {
            "node" => config.node = Name::new(value).map_err(|error| error.to_string())?,
            "epoch" => config.epoch = taskwire::Epoch(number(value)?),
            "slots" => limits.slots = number(value)? as u32,
            "log" => limits.log = number(value)? as u32,
            "finals" => limits.finals = number(value)? as u32,
            "metadata" => limits.metadata = number(value)? as u32,
            "value" => limits.value = number(value)? as u32,
            "message" => limits.message = number(value)? as u32,
            "result" => limits.result = number(value)? as u32,
            "frame" => limits.frame = number(value)? as u32,
            "events" => config.events = number(value)? as u32,
            "linger" => config.pace.linger = time(value)?,
            "in_flight" => config.pace.frames_in_flight = number(value)? as u32,
            "detail_interval" => config.pace.detail_interval = time(value)?,
            "detail_after" => config.pace.detail_after = number(value)? as u32,
            other => return Err(format!("an agent has no setting `{other}`")),
        }
    }
    let config = config.clone();
    let seed = world.seed();
    world.parties[index].agent = Agent::new(config, seed).map_err(|error| error.to_string())?;
    Ok(())
}

fn configure_controller(world: &mut World, settings: &[&str]) -> Step {
    let config = &mut world.config;
    for pair in settings.chunks(2) {
        let value = word(pair, 1)?;
        match pair[0] {
            "heartbeat" => config.heartbeat = time(value)?,
            "lease" => config.lease = time(value)?,
            "events" => config.events_per_node = number(value)? as u32,
            "reorder" => config.reorder_frames = number(value)? as u32,
            "finals" => config.finals_per_node = number(value)? as u32,
            "finals_age" => config.finals_age = time(value)?,
            "history" => config.history = number(value)? as u32,
            "detail_history" => config.detail_history = number(value)? as u32,
            "hold" => config.mass_silence_hold = time(value)?,
            "nodes" => config.nodes = number(value)? as u32,
            "handshakes" => config.handshakes = number(value)? as u32,
            "repairs" => config.repairs = number(value)? as u32,
            "slots" => config.limits.slots = number(value)? as u32,
            "term" => config.term = taskwire::Term(number(value)?),
            "name" => config.name = Name::new(value).map_err(|error| error.to_string())?,
            "policy" if value == "received" => config.ack_policy = AckPolicy::Received,
            other => return Err(format!("a controller has no setting `{other}`")),
        }
    }
    let seed = world.seed();
    world.controller = Controller::new(world.config.clone(), seed).map_err(|error| error.to_string())?;
    Ok(())
}

fn controller(world: &mut World, rest: &[&str]) -> Step {
    let now = world.at();
    match word(rest, 0)? {
        "commits" => world.commits = word(rest, 1)? == "on",
        "polls" => world.polls = word(rest, 1)? == "on",
        "commit" => {
            let back = rest.get(1).map_or(Ok(1), |n| number(n))? as usize;
            let index = world.due.len().wrapping_sub(back);
            let (node, position) = *world.due.get(index).ok_or("nothing was due")?;
            if let Err(error) = world.controller.commit(node, position) {
                let text = world.names.shorten(&error.to_string());
                world.say(format!("controller error: {text}"));
            }
        }
        "give" => {
            let task = world.names.task(word(rest, 2)?);
            let node = only_node(world)?;
            if let Err(error) = world.controller.give_up(node, task) {
                let text = world.names.shorten(&error.to_string());
                world.say(format!("controller error: {text}"));
            }
        }
        "forget" => {
            let node = world.controller.node(word(rest, 2)?).ok_or("no such node")?;
            world.controller.forget_node(node);
        }
        "bind" => {
            let index = party(world, word(rest, 1)?).ok_or("no such agent")?;
            let name = Name::new(word(rest, 2)?).map_err(|error| error.to_string())?;
            world.controller.bind_peer(PeerId(index as u64 + 1), &name);
        }
        "intervals" => {
            let result = world.controller.set_intervals(time(word(rest, 1)?)?, time(word(rest, 2)?)?);
            if let Err(error) = result {
                world.say(format!("controller error: {error}"));
            }
        }
        "link" => {
            let index = party(world, word(rest, 2)?).ok_or("no such agent")?;
            let count = world.controller.link_down(now, PeerId(index as u64 + 1));
            world.say(format!("controller shows: {count} suspect by that"));
        }
        "will" => {
            let index = party(world, word(rest, 1)?).ok_or("no such agent")?;
            if let Err(error) = world.controller.receive(now, PeerId(99), &world.parties[index].will) {
                let text = world.names.shorten(&error.to_string());
                world.say(format!("controller error: {text}"));
            }
        }
        "away" => match world.controller.go_away(now, time(word(rest, 1)?)?) {
            Ok(count) => world.say(format!("controller shows: {count} sent away")),
            Err(error) => world.say(format!("controller error: {error}")),
        },
        "all" => world.controller.all_clear(),
        "watch" | "read" => {
            let (watchers, names) = (&mut world.watchers, &world.names);
            let told = match rest[0] {
                "watch" => watchers.watch(names, &world.controller, &rest[1..])?,
                _ => watchers.read(names, &world.controller, &rest[1..])?,
            };
            // Also while the link is not to be heard: then it is the watcher that is looked at.
            world.lines.extend(told.into_iter().map(|line| format!("controller shows: {line}")));
        }
        "look" => {
            for line in events::view(&mut world.names, &world.controller, now) {
                world.say(format!("controller shows: {line}"));
            }
        }
        "counters" => {
            let metrics = *world.controller.metrics();
            let counters = taskwire::metrics::ControllerMetrics::COUNTERS.iter().zip(metrics.values());
            let shown: Vec<String> = counters
                .filter(|(counter, value)| counter.arrival && *value > 0)
                .map(|(counter, value)| {
                    let name = counter.name.trim_start_matches("frames_").trim_end_matches("_total");
                    format!("{name} {value}")
                })
                .collect();
            world.say(format!("controller counts: {}", shown.join(", ")));
        }
        other => return Err(format!("the controller cannot `{other}`")),
    }
    Ok(())
}

fn only_node(world: &World) -> Result<NodeId, String> {
    let found = world.controller.view().nodes().next().map(|node| node.id());
    found.ok_or_else(|| "the controller knows no node".to_string())
}

/// The tasks that `t1` or `t1..t9` name.
fn tasks(world: &mut World, text: &str) -> Result<Vec<TaskId>, String> {
    let Some((first, last)) = text.split_once("..") else { return Ok(vec![world.names.task(text)]) };
    let split = first.find(|c: char| c.is_ascii_digit()).ok_or("a range of tasks is t1..t9")?;
    let (letter, from) = (&first[..split], number(&first[split..])?);
    let to = number(last.strip_prefix(letter).ok_or("a range of tasks is t1..t9")?)?;
    Ok((from..=to).map(|n| world.names.task(&format!("{letter}{n}"))).collect())
}

/// What follows a task's name: pairs of a word and its value.
struct Words<'a>(&'a [&'a str]);

impl<'a> Words<'a> {
    fn value(&self, key: &str) -> Option<&'a str> {
        let index = self.0.iter().position(|word| *word == key)?;
        self.0.get(index + 1).copied()
    }

    fn exit(&self) -> Result<Exit, String> {
        let code = |text: &str| text.parse().map_err(|_| format!("`{text}` is no number"));
        match (self.value("exit"), self.value("signal")) {
            (Some(text), _) => Ok(Exit::Code(code(text)?)),
            (None, Some(text)) => Ok(Exit::Signal(code(text)?)),
            (None, None) => Ok(Exit::None),
        }
    }

    fn reason(&self, exit: Exit) -> Result<Reason, String> {
        match self.value("reason") {
            Some(name) => (0..20)
                .map(Reason)
                .find(|reason| reason.name() == Some(name))
                .ok_or_else(|| format!("no reason `{name}`")),
            None => Ok(match exit {
                Exit::None => Reason::NONE,
                Exit::Code(_) => Reason::EXIT_CODE,
                Exit::Signal(_) => Reason::SIGNAL,
            }),
        }
    }
}

fn agent(world: &mut World, index: usize, rest: &[&str]) -> Step {
    let now = world.at();
    let verb = word(rest, 0)?;
    match verb {
        "goodbye" => {
            let pause = rest.get(1).map_or(Ok(Duration::ZERO), |text| time(text))?;
            world.parties[index].agent.goodbye(now, pause);
            return Ok(());
        }
        "supersede" => {
            let seen = taskwire::Epoch(number(word(rest, 1)?)?);
            let result = world.parties[index].agent.supersede(now, seen).map(|_| ());
            return refused(world, index, result.map_err(|error| error.to_string()));
        }
        "sleep" => {
            let result = world.parties[index].agent.sleep_for(now, time(word(rest, 1)?)?);
            return refused(world, index, result.map_err(|error| error.to_string()));
        }
        "will" => {
            let mut buffer = [0; 48];
            let made = world.parties[index].agent.last_will(&mut buffer).map_err(|error| error.to_string())?;
            world.parties[index].will = buffer[..made.ok_or("no session")?].to_vec();
            return Ok(());
        }
        "look" => {
            let text = events::look_at_agent(&mut world.names, &world.parties[index].agent, now);
            let name = world.parties[index].name.clone();
            world.say(format!("{name} is: {text}"));
            return Ok(());
        }
        "register" | "running" | "succeeded" | "failed" | "cancelled" | "retry" | "progress" | "detail" | "forget"
        | "life" => {}
        other => return Err(format!("an agent cannot `{other}`")),
    }
    for task in tasks(world, word(rest, 1)?)? {
        let result = of_task(&mut world.parties[index].agent, now, verb, task, &rest[2..])?;
        refused(world, index, result)?;
    }
    Ok(())
}

fn refused(world: &mut World, index: usize, result: Result<(), String>) -> Step {
    if let Err(error) = result {
        let text = world.names.shorten(&error);
        let name = world.parties[index].name.clone();
        world.say(format!("{name} error: {text}"));
    }
    Ok(())
}

/// What the agent's host says of a task: what the agent answers, if the script can be read.
fn of_task(
    agent: &mut Agent,
    now: taskwire::Instant,
    verb: &str,
    task: TaskId,
    rest: &[&str],
) -> Result<Result<(), String>, String> {
    let said = Words(rest);
    let text = |key| said.value(key).unwrap_or("").as_bytes();
    let exit = said.exit()?;
    let report = Report { exit, message: text("message"), result: text("result"), ..Report::default() };
    let done = match verb {
        "register" => {
            let long = said.value("long").map_or(Ok(0), number)?;
            let long: Vec<u8> = (0..long).map(|n| b'a' + (n % 26) as u8).collect();
            let metadata = if long.is_empty() { text("meta") } else { &long };
            let registration = Registration { metadata, message: text("message"), ..Registration::default() };
            agent.register_with(now, task, registration).map(|_| ())
        }
        "running" => agent.transition(now, task, State::Running, report).map(|_| ()),
        "succeeded" => agent.transition(now, task, State::Succeeded, report).map(|_| ()),
        "failed" => {
            let report = Report { reason: said.reason(exit)?, ..report };
            agent.transition(now, task, State::Failed, report).map(|_| ())
        }
        "cancelled" => agent.cancelled(now, task, Reason::CANCELLED_BY_HOST).map(|_| ()),
        "retry" => agent.retry(now, task).map(|_| ()),
        "progress" => agent.progress(now, task, number(word(rest, 0)?)? as u8),
        "detail" => agent.detail(now, task, Some(number(word(rest, 0)?)? as u8), word(rest, 1)?.as_bytes()),
        "forget" => agent.forget(now, task),
        _ => agent
            .register(now, task, b"")
            .and_then(|_| agent.running(now, task))
            .and_then(|_| agent.succeeded(now, task, Exit::Code(0)))
            .map(|_| ()),
    };
    Ok(done.map_err(|error| error.to_string()))
}
