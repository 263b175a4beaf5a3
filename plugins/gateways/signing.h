// Signatures of this server's own announcements, with a private key in a file.
#pragma once

#include <string>
#include <string_view>

namespace mortise::gateways {

bool can_sign(const std::string &algorithm, const std::string &key_file);
// Empty where it fails; the key is read each time, so that a new one counts at once.
std::string signature(const std::string &algorithm, const std::string &key_file, std::string_view text);

}  // namespace mortise::gateways
