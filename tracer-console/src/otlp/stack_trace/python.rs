//! Python's tracebacks: the causes first, and in each the innermost frame last.

use super::{Frame, Thrown};

/// What stands between an exception and that which it led to.
const SEPARATORS: [&str; 2] = [
    "During handling of the above exception, another exception occurred:",
    "The above exception was the direct cause of the following exception:",
];

pub(super) fn read(text: &str) -> Vec<Thrown> {
    let lines: Vec<_> = text.lines().collect();
    let blocks = lines.split(|line| SEPARATORS.contains(&line.trim_end()));
    let mut chain: Vec<_> = blocks.map(block).collect();
    chain.reverse();
    chain
}

fn block(lines: &[&str]) -> Thrown {
    let last_frame = lines.iter().rposition(|line| frame(line).is_some());
    let (traced, rest) = lines.split_at(last_frame.map_or(0, |at| at + 1));
    // Behind the last frame stands its code, indented, and then what was raised.
    let raised =
        rest.iter().position(|line| !line.is_empty() && !line.starts_with(' ')).unwrap_or(rest.len());
    let raised = rest[raised..].join("\n");
    let (type_name, message) = raised.trim_end().split_once(':').unwrap_or((raised.trim_end(), ""));
    let mut thrown = Thrown::new(type_name, message.trim_start());
    traced.iter().rev().filter_map(|line| frame(line)).for_each(|frame| thrown.push(frame));
    thrown
}

/// `  File "main.py", line 14, in greet_many`
fn frame(line: &str) -> Option<Frame> {
    let (path, rest) = line.strip_prefix("  File \"")?.split_once("\", line ")?;
    let (number, label) = rest.split_once(", in ").unwrap_or((rest, ""));
    Some(Frame { label: label.to_owned(), path: path.to_owned(), line: number.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::super::frames;
    use super::*;

    #[test]
    fn the_innermost_frame_and_the_last_exception_come_first() {
        let text = r#"Traceback (most recent call last):
  File "a,b.py", line 3, in <module>
    connect("x:1")
    ~~~~~~~^^^^^^^
  File "net.py", line 7, in connect
    raise OSError("a: b\nc")
OSError: a: b
c

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "main.py", line 9, in call
    pay()
  [Previous line repeated 3 more times]
KeyError: 'id'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "main.py", line 14, in greet_many
    greet(person)
Exception: no
"#;
        let chain = read(text);
        let said: Vec<_> = chain.iter().map(|thrown| (&*thrown.type_name, &*thrown.message)).collect();
        assert_eq!(said, [("Exception", "no"), ("KeyError", "'id'"), ("OSError", "a: b\nc")]);
        assert_eq!(frames(&chain[0]), [("greet_many", "main.py", 14)]);
        assert_eq!(frames(&chain[2]), [("connect", "net.py", 7), ("<module>", "a,b.py", 3)]);
    }

    #[test]
    fn what_is_no_traceback_has_no_frames() {
        assert_eq!(frames(&read("ValueError: no")[0]), []);
        assert_eq!(frames(&read("  File \"x\", line y, in z")[0]), []);
    }
}
