#include "settings.h"

#include <uwsgi.h>

#include <charconv>
#include <functional>
#include <limits>
#include <map>
#include <string_view>

namespace mortise::caches {

namespace {

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const size_t end = text.find(separator);
    if (end != 0) parts.emplace_back(text.substr(0, end));
    if (end == text.npos) break;
    text.remove_prefix(end + 1);
  }
  return parts;
}

struct Setter {
  std::function<bool(Settings &, const std::string &)> set;
  std::string wanted;  // what the value is to be
};

Setter text(std::string Settings::*member) {
  auto set = [member](Settings &settings, const std::string &value) {
    settings.*member = value;
    return !value.empty();
  };
  return {set, "a text"};
}

template <typename Int>
Setter number(Int Settings::*member) {
  auto set = [member](Settings &settings, const std::string &value) {
    const char *last = value.data() + value.size();
    const auto [end, error] = std::from_chars(value.data(), last, settings.*member);
    return error == std::errc() && end == last;
  };
  using Limits = std::numeric_limits<Int>;
  return {set,
          "a whole number from " + std::to_string(Limits::min()) + " to " + std::to_string(Limits::max())};
}

Setter flag(bool Settings::*member) {
  auto set = [member](Settings &settings, const std::string &value) {
    settings.*member = value != "0" && value != "false" && value != "no" && value != "off";
    return true;
  };
  return {set, "true or false"};
}

Setter list(std::vector<std::string> Settings::*member) {
  auto set = [member](Settings &settings, const std::string &value) {
    for (std::string &item : split(value, ';')) (settings.*member).push_back(std::move(item));
    return true;
  };
  return {set, "a list"};
}

const std::map<std::string, Setter, std::less<>> &setters() {
  static const std::map<std::string, Setter, std::less<>> all = {
      {"name", text(&Settings::name)},
      {"items", number(&Settings::max_items)},
      {"max_items", number(&Settings::max_items)},
      {"maxitems", number(&Settings::max_items)},
      {"blocksize", number(&Settings::blocksize)},
      {"blocks", number(&Settings::blocks)},
      {"keysize", number(&Settings::keysize)},
      {"key_size", number(&Settings::keysize)},
      {"hash", text(&Settings::hash)},
      {"hashsize", number(&Settings::hashsize)},
      {"hash_size", number(&Settings::hashsize)},
      {"bitmap", flag(&Settings::bitmap)},
      {"use_blocks_bitmap", flag(&Settings::bitmap)},
      {"lru", flag(&Settings::purge_lru)},
      {"purge_lru", flag(&Settings::purge_lru)},
      {"lazy", flag(&Settings::lazy_expire)},
      {"lazy_expire", flag(&Settings::lazy_expire)},
      {"ignore_full", flag(&Settings::ignore_full)},
      {"lastmod", flag(&Settings::use_last_modified)},
      {"use_last_modified", flag(&Settings::use_last_modified)},
      {"no_expire", flag(&Settings::no_expire)},
      {"clear_on_full", flag(&Settings::clear_on_full)},
      {"sweep_on_full", number(&Settings::sweep_on_full)},
      {"math_initial", number(&Settings::math_initial)},
      {"store", text(&Settings::store)},
      {"store_sync", number(&Settings::store_sync)},
      {"storesync", number(&Settings::store_sync)},
      {"store_delete", flag(&Settings::store_delete)},
      {"storedelete", flag(&Settings::store_delete)},
      {"node", list(&Settings::nodes)},
      {"nodes", list(&Settings::nodes)},
      {"sync", list(&Settings::sync_nodes)},
      {"udp", list(&Settings::udp_servers)},
      {"udp_server", list(&Settings::udp_servers)},
      {"udp_servers", list(&Settings::udp_servers)},
      {"udpserver", list(&Settings::udp_servers)},
      {"udpservers", list(&Settings::udp_servers)},
  };
  return all;
}

}  // namespace

ParsedSettings parse_settings(const std::string &text) {
  ParsedSettings parsed;
  if (text.find('=') == text.npos) {
    parsed.settings.name = text;
    parsed.error = "it has no number of items (name=" + text + ",items=100)";
    return parsed;
  }
  for (const std::string &item : split(text, ',')) {
    const size_t equal = item.find('=');
    const std::string key = item.substr(0, equal);
    const std::string value = equal == item.npos ? "1" : item.substr(equal + 1);
    const auto setter = setters().find(key);
    if (setter == setters().end()) {
      parsed.error =
          "there is no key '" + key + "' (name, items, blocksize, blocks, keysize, bitmap, store, …)";
    } else if (!setter->second.set(parsed.settings, value)) {
      parsed.error = "the value '" + value + "' of '" + key + "' is not " + setter->second.wanted;
    }
    if (!parsed.error.empty()) return parsed;
  }
  parsed.error = check_settings(parsed.settings);
  return parsed;
}

std::string check_settings(const Settings &settings) {
  constexpr uint64_t kMost = uint64_t{1} << 40;  // bytes or items: no product below overflows 64 bits
  if (settings.max_items == 0) return "it has no number of items (items=100)";
  if (settings.blocksize == 0 || settings.keysize == 0 || settings.hashsize == 0)
    return "blocksize, keysize and hashsize cannot be 0";
  if (settings.keysize > 65535) return "keysize is at most 65535";
  if (settings.max_items > UINT32_MAX - 1 || settings.blocks > UINT32_MAX || settings.hashsize > UINT32_MAX)
    return "items, blocks and hashsize are at most 4294967294";
  const uint64_t blocks = settings.bitmap && settings.blocks ? settings.blocks : settings.max_items;
  if (settings.blocksize > kMost || blocks > kMost / settings.blocksize ||
      settings.max_items > kMost / (settings.keysize + 128))
    return "it would take more than a terabyte";
  if (!settings.bitmap && settings.blocks && settings.blocks < settings.max_items)
    return "there are fewer blocks than items (only with bitmap=1 can items share them)";
  return {};
}

}  // namespace mortise::caches
