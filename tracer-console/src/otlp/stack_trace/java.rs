//! Java's stack traces, and PHP's.

use super::{Frame, Thrown};

const CAUSED_BY: &str = "Caused by: ";

pub(super) fn read(text: &str) -> Vec<Thrown> {
    let mut chain = vec![Thrown::default()];
    // The first line says what the event says already. `... 23 more` and suppressed exceptions are no frames.
    for line in text.lines().skip(1) {
        let Some(current) = chain.last_mut() else { break };
        if let Some(frame) = frame(line) {
            current.push(frame);
        } else if let Some(cause) = line.strip_prefix(CAUSED_BY) {
            let (type_name, message) = cause.split_once(':').unwrap_or((cause, ""));
            chain.push(Thrown::new(type_name, message.trim_start()));
        } else if !current.type_name.is_empty() && current.frames.is_empty() && !line.starts_with('\t') {
            // A message of several lines.
            current.message.push('\n');
            current.message.push_str(line);
        }
    }
    chain
}

/// `\tat java.base/java.util.Map.get(Map.java:7)`; the module's name is left out.
fn frame(line: &str) -> Option<Frame> {
    let (label, place) = line.strip_prefix("\tat ")?.split_once('(')?;
    let place = place.strip_suffix(')')?;
    let label = label.split_once('/').map_or(label, |(_, label)| label);
    let (path, line) = super::split_line(place).unwrap_or((place, 0));
    Some(Frame { label: label.to_owned(), path: path.to_owned(), line })
}

#[cfg(test)]
mod tests {
    use super::super::frames;
    use super::*;

    #[test]
    fn frames_causes_and_messages_of_several_lines_are_read() {
        let text = "java.lang.IllegalStateException: state is not legal
\tat io.opentelemetry.Recorder.record(Recorder.java:626)
\tat java.base/jdk.internal.reflect.Invoke.invoke0(Native Method)
\tSuppressed: Resource$CloseFailException: Resource ID = 2
\t\tat Resource.close(Resource.java:26)
Caused by: java.lang.IllegalArgumentException: bad
 argument
\tat Junk.<init>(Junk.java)
\t... 23 more
Caused by: java.io.EOFException
\tat Net.read(Net.java:9)";
        let chain = read(text);
        assert_eq!(
            frames(&chain[0]),
            [
                ("io.opentelemetry.Recorder.record", "Recorder.java", 626),
                ("jdk.internal.reflect.Invoke.invoke0", "Native Method", 0)
            ]
        );
        assert_eq!(
            (&*chain[1].type_name, &*chain[1].message),
            ("java.lang.IllegalArgumentException", "bad\n argument")
        );
        assert_eq!(frames(&chain[1]), [("Junk.<init>", "Junk.java", 0)]);
        assert_eq!((&*chain[2].type_name, &*chain[2].message), ("java.io.EOFException", ""));
        assert_eq!(frames(&chain[2]), [("Net.read", "Net.java", 9)]);
    }
}
