// What a vassal tells its emperor: that its master lives and does its work.
#pragma once

namespace mortise::emperor {

// Hook master_cycle. [master of a vassal]
void send_heartbeat();
// Hook post_uwsgi_fork: in children the pipe to the emperor is closed.
void leave_pipe_to_master(int step);

}  // namespace mortise::emperor
