// From one generation of the server to the next: vassals go on, and the next emperor watches over them. It
// has connected to the one before, which gives them away when it is told to stop.
#pragma once

namespace mortise::emperor {

// Before this emperor says that it is ready: the one before is told to stop then. [emperor]
void announce_successor();
// Waits until the emperor of the generation before gives its vassals; returns at once where there is none.
// They are reloaded. [emperor]
void wait_for_inheritance();
// True: a successor has all vassals. False: there is none, so they are to be stopped. [emperor]
bool hand_over_vassals();

}  // namespace mortise::emperor
