// The process of role "stats": a document for each connection, none of which can hold up the others.
#pragma once

namespace mortise::stats {

// Binds the addresses of the options; ends the server with a message where that fails. [before privileges are
// dropped]
void bind_addresses();

// Whether there are any.
bool has_addresses();

void run_server(int id, void *);

}  // namespace mortise::stats
