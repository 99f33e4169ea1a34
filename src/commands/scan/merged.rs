//! Codes that several pictures show, none of them well enough.

use otpferry_scan::{Code, Grid, Merged};

use super::{Scanned, Together};
use crate::intake::together::Room;

/// Where an unread code is: picture, frame, code.
type Spot = (usize, usize, usize);

/// Whether something of the picture is kept to be put together with others.
pub(super) fn admit(scanned: &mut Scanned<'_>, room: &mut Room) -> bool {
    let Ok(scan) = &mut scanned.scan else { return false };
    let mut unread: Vec<_> = scan.frames.iter_mut().flat_map(|frame| &mut frame.unread).collect();
    unread.iter_mut().for_each(|code| room.admit(&mut code.grid));
    unread.iter().any(|code| code.grid.is_some())
}

/// Reads what the pictures give together, and notes it in each picture that has a share in it.
pub(super) fn put_together(pictures: &mut [Scanned<'_>]) {
    let mut spots: Vec<Spot> = Vec::new();
    let mut grids: Vec<&Grid> = Vec::new();
    for (picture, scanned) in pictures.iter().enumerate() {
        let frames = scanned.scan.iter().flat_map(|scan| scan.frames.iter().enumerate());
        for (frame, code, unread) in
            frames.flat_map(|(at, frame)| frame.unread.iter().enumerate().map(move |(code, u)| (at, code, u)))
        {
            if let Some(grid) = &unread.grid {
                spots.push((picture, frame, code));
                grids.push(grid);
            }
        }
    }
    let merged = otpferry_scan::merge(&grids);
    note(pictures, &spots, merged);
}

fn note(pictures: &mut [Scanned<'_>], spots: &[Spot], merged: Vec<Merged>) {
    let mut read: Vec<Spot> = Vec::new();
    for code in merged {
        let members: Vec<Spot> = code.members.iter().filter_map(|at| spots.get(*at).copied()).collect();
        let mut shares = members.clone();
        shares.dedup_by_key(|(picture, ..)| *picture);
        let name = |(picture, ..): &Spot| pictures.get(*picture).map(|p| p.source.name.clone());
        let files: Vec<String> = shares.iter().filter_map(name).collect();
        for spot in shares {
            share(pictures, spot, &code, &files);
        }
        read.extend(members);
    }
    // From the last to the first, so that positions stay true.
    read.sort_unstable();
    read.dedup();
    for (picture, frame, code) in read.into_iter().rev() {
        let scan = pictures.get_mut(picture).and_then(|scanned| scanned.scan.as_mut().ok());
        if let Some(frame) = scan.and_then(|scan| scan.frames.get_mut(frame)) {
            frame.unread.remove(code);
        }
    }
}

fn share(pictures: &mut [Scanned<'_>], (picture, frame, code): Spot, merged: &Merged, files: &[String]) {
    let Some(scanned) = pictures.get_mut(picture) else { return };
    let unread = scanned.scan.iter().flat_map(|scan| &scan.frames).nth(frame);
    let Some(unread) = unread.and_then(|frame| frame.unread.get(code)) else { return };
    let code = Code {
        payload: merged.payload.clone(),
        text: merged.text.clone(),
        corners: unread.corners,
        part: merged.part,
        stage: "several pictures together",
    };
    scanned.together.push(Together { code, frame, files: files.to_vec() });
}

#[cfg(test)]
mod tests {
    use otpferry_scan::{Frame, Hint, Place, Point, Scan, Unread};
    use zeroize::Zeroizing;

    use super::super::lines::Line;
    use super::*;
    use crate::intake::Source;

    fn source(name: &str) -> Source {
        Source { name: name.to_owned(), path: None, below: String::new(), found: false, is_backup: false }
    }

    /// With two codes that were not read, at the left and at the right.
    fn picture(source: &Source) -> Scanned<'_> {
        let unread = |x| Unread {
            corners: [(0, 0), (9, 0), (9, 9), (0, 9)].map(|(dx, y)| Point { x: x + dx, y }),
            hint: Hint::Blurred,
            grid: None,
        };
        let frame = Frame {
            place: Place::Whole,
            width: 90,
            height: 9,
            codes: Vec::new(),
            unread: vec![unread(0), unread(80)],
            cut_short: false,
        };
        let scan = Ok(Scan { frames: vec![frame], left_out: 0, too_large: false, torn: false });
        Scanned { source, scan, together: Vec::new() }
    }

    #[test]
    fn what_pictures_give_together_is_in_the_lines_of_all_of_them() {
        let sources = ["a.png", "b.png", "c.png"].map(source);
        let mut pictures: Vec<_> = sources.iter().map(picture).collect();
        let spots = [(0, 0, 0), (0, 0, 1), (1, 0, 0), (2, 0, 1)];
        let text = "https://example.org/";
        let merged = Merged {
            payload: Zeroizing::new(text.as_bytes().to_vec()),
            text: Some(text.to_owned().into()),
            part: None,
            members: vec![1, 3],
        };
        note(&mut pictures, &spots, vec![merged]);
        let lines: Vec<_> =
            pictures.iter().map(|scanned| serde_json::to_value(Line::new(scanned)).unwrap()).collect();
        let payloads: Vec<_> = lines.iter().map(|line| line["payloads"].clone()).collect();
        assert_eq!(payloads, [serde_json::json!([text]), serde_json::json!([]), serde_json::json!([text])]);
        let unread: Vec<_> = lines.iter().map(|line| line["unread"].as_array().unwrap().len()).collect();
        assert_eq!(unread, [1, 2, 1]);
        assert_eq!(lines[0]["unread"][0]["position"], "left");
        let code = &lines[2]["codes"][0];
        assert_eq!(code["merged_from"], serde_json::json!(["a.png", "c.png"]));
        assert_eq!((&code["payload"], &code["position"]), (&text.into(), &"right".into()));
    }
}
