//! What an event of the controller says in the audit history.

use taskwire::{ControllerEvent, Exit, NodeId, Payload, Transition, Value};

use crate::records::{self, hex, AuditLine, Bytes};

/// The line of an event; `name` gives the name of a node. `CommitDue` is none: it asks for something.
pub fn line(event: &ControllerEvent, seen_at: u64, name: impl Fn(NodeId) -> String) -> Option<AuditLine> {
    match event {
        ControllerEvent::CommitDue { .. } => None,
        ControllerEvent::Transition { node, transition } => Some(AuditLine::Transition {
            revision: transition.position.revision.0,
            tag: transition.position.tag.to_string(),
            seen_at,
            source: transition.source.to_string(),
            may_be_repeat: transition.may_be_repeat,
            transition: Box::new(facts(name(*node), transition)),
        }),
        ControllerEvent::TaskForgotten { node, task, position, .. } => Some(AuditLine::Forgotten {
            node: name(*node),
            task: task.to_string(),
            revision: position.revision.0,
            tag: position.tag.to_string(),
            seen_at,
        }),
        other => {
            let text = format!("{other:?}");
            let what = text.split([' ', '{']).next().unwrap_or_default().to_owned();
            let node = node_of(other).map_or_else(|| refused_name(other), name);
            Some(AuditLine::News { node, what, text, seen_at })
        }
    }
}

/// The node that an event is about, if the controller counts it.
pub fn node_of(event: &ControllerEvent) -> Option<NodeId> {
    match event {
        ControllerEvent::Transition { node, .. }
        | ControllerEvent::TaskForgotten { node, .. }
        | ControllerEvent::HistoryGap { node, .. }
        | ControllerEvent::NumbersBack { node, .. }
        | ControllerEvent::OutcomeUnknown { node, .. }
        | ControllerEvent::Conflict { node, .. }
        | ControllerEvent::FinalLearned { node, .. }
        | ControllerEvent::MarkLifted { node, .. }
        | ControllerEvent::LateTruth { node, .. }
        | ControllerEvent::HistoryDiffers { node, .. }
        | ControllerEvent::Repaired { node, .. }
        | ControllerEvent::DriftFound { node, .. }
        | ControllerEvent::NodeOpened { node, .. }
        | ControllerEvent::NodeSynced { node, .. }
        | ControllerEvent::NodeSuspect { node }
        | ControllerEvent::NodeLive { node }
        | ControllerEvent::NodeLost { node, .. }
        | ControllerEvent::NodeLeft { node }
        | ControllerEvent::CommitDue { node, .. }
        | ControllerEvent::DuplicateIdentity { node, .. } => Some(*node),
        _ => None,
    }
}

fn refused_name(event: &ControllerEvent) -> String {
    match event {
        ControllerEvent::HelloRefused { node, .. } | ControllerEvent::Deposed { node, .. } => node.as_str().to_owned(),
        _ => String::new(),
    }
}

fn facts(node: String, transition: &Transition) -> records::Transition {
    let (exit_code, signal) = exit(transition.exit);
    let plain = records::Transition {
        node,
        task: transition.task.to_string(),
        number: transition.number,
        attempt: transition.attempt,
        state: transition.state.to_string(),
        reason: transition.reason.to_string(),
        exit_code,
        signal,
        at: transition.at.0,
        epoch: transition.epoch.0,
        metadata: transition.metadata.as_deref().map(bytes).unwrap_or_default(),
        ..records::Transition::default()
    };
    with_payload(plain, transition.payload.as_deref())
}

/// Adds what a transition or a record may carry besides.
pub fn with_payload(plain: records::Transition, payload: Option<&Payload>) -> records::Transition {
    let Some(payload) = payload else { return plain };
    records::Transition {
        trace_id: payload.trace.map(|trace| hex(&trace.trace_id)).unwrap_or_default(),
        message: bytes(&payload.message),
        result: bytes(&payload.result),
        message_cut: payload.message_cut,
        ..plain
    }
}

/// Exit code and signal, apart.
pub fn exit(exit: Exit) -> (Option<i32>, Option<i32>) {
    match exit {
        Exit::None => (None, None),
        Exit::Code(code) => (Some(code), None),
        Exit::Signal(signal) => (None, Some(signal)),
    }
}

fn bytes(value: &Value) -> Bytes {
    Bytes(value.as_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use taskwire::{Epoch, Made, Name, Position, Reason, Source, State, TaskId, TraceContext, UnixMillis};

    fn transition() -> Transition {
        let payload = Payload {
            message: Value::new(b"no sensor"),
            trace: Some(TraceContext { trace_id: [0xab; 16], span_id: [1; 8], flags: 1 }),
            ..Payload::default()
        };
        Transition {
            task: TaskId([7; 16]),
            registered: Made::default(),
            position: Position::START.advance(1),
            epoch: Epoch(5),
            attempt: 1,
            number: 6,
            from: Some(State::Running),
            state: State::Failed,
            at: UnixMillis(9),
            reason: Reason::EXIT_CODE,
            source: Source::HOST,
            exit: Exit::Code(3),
            metadata: None,
            payload: payload.into_shared(),
            may_be_repeat: false,
            out_of_sequence: false,
        }
    }

    #[test]
    fn a_transition_keeps_all_that_it_says() {
        let event = ControllerEvent::Transition { node: NodeId(0), transition: transition() };
        let Some(AuditLine::Transition { revision, transition, seen_at, .. }) = line(&event, 11, |_| "edge-1".into())
        else {
            panic!("expected a transition");
        };
        assert_eq!((revision, seen_at), (1, 11));
        assert_eq!((transition.number, transition.attempt, transition.exit_code), (6, 1, Some(3)));
        assert_eq!((transition.state.as_str(), transition.reason.as_str()), ("FAILED", "ExitCode"));
        assert_eq!(
            (transition.trace_id.as_str(), &transition.message.0[..]),
            ("ab".repeat(16).as_str(), &b"no sensor"[..])
        );
    }

    #[test]
    fn other_news_have_their_name_and_what_asks_for_something_is_no_line() {
        let lost = ControllerEvent::NodeLost { node: NodeId(0), tasks_stale: 3 };
        let Some(AuditLine::News { node, what, .. }) = line(&lost, 1, |_| "edge-1".into()) else {
            panic!("expected news");
        };
        assert_eq!((node.as_str(), what.as_str()), ("edge-1", "NodeLost"));
        let due = ControllerEvent::CommitDue { node: NodeId(0), position: Position::START };
        assert_eq!(line(&due, 1, |_| String::new()), None);
        assert!(Name::new("edge-1").is_ok());
    }
}
