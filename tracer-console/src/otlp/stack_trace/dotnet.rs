//! .NET's stack traces.

use super::{Frame, Thrown, split_line};

pub(super) fn read(text: &str) -> Vec<Thrown> {
    let mut thrown = Thrown::default();
    text.lines().filter_map(frame).for_each(|frame| thrown.push(frame));
    vec![thrown]
}

/// `   at Shop.Orders.Pay(Int32 id) in /src/Orders.cs:line 21`, or without a place.
fn frame(line: &str) -> Option<Frame> {
    let rest = line.trim().strip_prefix("at ")?;
    match rest.split_once(" in ") {
        Some((label, place)) => {
            let numbered =
                place.rsplit_once(":line ").and_then(|(path, line)| Some((path, line.parse().ok()?)));
            let (path, line) = numbered.or_else(|| split_line(place)).unwrap_or((place, 0));
            Some(Frame { label: label.to_owned(), path: path.to_owned(), line })
        }
        None => {
            let label = &rest[..=rest.rfind(')')?];
            Some(Frame { label: label.to_owned(), ..Frame::default() })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::frames;
    use super::*;

    #[test]
    fn frames_have_a_place_or_none() {
        let text = "System.Exception: test
   at Shop.Orders.Pay(Int32 id) in /src/a in b/Orders.cs:line 21
   at Shop.Web.Run() in C:\\src\\Web.cs:line 7\r
   at System.Threading.Tasks.Task.Execute() more
   at nothing
   --- End of stack trace from previous location ---";
        assert_eq!(
            frames(&read(text)[0]),
            [
                ("Shop.Orders.Pay(Int32 id)", "/src/a in b/Orders.cs", 21),
                ("Shop.Web.Run()", "C:\\src\\Web.cs", 7),
                ("System.Threading.Tasks.Task.Execute()", "", 0),
            ]
        );
    }
}
