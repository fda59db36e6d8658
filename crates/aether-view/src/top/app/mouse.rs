//! What a mouse does.

use ratatui_core::layout::Position;
use ratatui_crossterm::crossterm::event::{MouseButton, MouseEvent, MouseEventKind};

use super::{App, Screen, Target};

/// Lines that the wheel moves a list.
const WHEEL: isize = 3;

impl App {
    /// Takes what a mouse did.
    pub(crate) fn mouse(&mut self, mouse: MouseEvent) {
        let at = Position::new(mouse.column, mouse.row);
        let target = self.targets.iter().rev().find(|(area, _)| area.contains(at)).map(|(_, target)| *target);
        match (mouse.kind, target) {
            (MouseEventKind::Down(MouseButton::Left), Some(target)) => self.press(mouse.column, target),
            (MouseEventKind::Drag(MouseButton::Left), _) => self.drag(mouse.column),
            (MouseEventKind::Up(_), _) => self.dragged = None,
            (MouseEventKind::ScrollUp, Some(Target::Chart(number, plot))) => {
                self.charts.focus = number;
                self.zoom(0.8, Some(plot.x(mouse.column)));
            }
            (MouseEventKind::ScrollDown, Some(Target::Chart(number, plot))) => {
                self.charts.focus = number;
                self.zoom(1.25, Some(plot.x(mouse.column)));
            }
            (MouseEventKind::ScrollUp, _) => self.step(-WHEEL),
            (MouseEventKind::ScrollDown, _) => self.step(WHEEL),
            _ => {}
        }
    }

    fn press(&mut self, column: u16, target: Target) {
        match target {
            Target::Tab(screen) => {
                self.help = false;
                self.go(screen);
            }
            // A click on the selected one opens it.
            Target::Row(row) if self.screen == Screen::Runs && self.list.selected == row => {
                if let Some(id) = self.selected().map(|row| row.id) {
                    self.open(id);
                }
            }
            Target::Row(row) => self.list.selected = row,
            Target::Pane(pane) => self.pane = pane,
            Target::Chart(number, plot) => {
                self.charts.focus = number;
                self.dragged = Some((column, plot));
            }
        }
    }

    fn drag(&mut self, column: u16) {
        let Some((began, plot)) = self.dragged else { return };
        let by = plot.x(began) - plot.x(column);
        if by != 0.0 {
            self.align();
            self.charts.look.window = Some((plot.from + by, plot.to + by));
        }
    }
}
