// SPDX-License-Identifier: MIT
#include "plugin/candidate.hpp"

namespace skep {

const char* to_text(Stage stage) {
    switch (stage) {
        case Stage::kManifest:
            return "manifest";
        case Stage::kTrust:
            return "trust";
        case Stage::kRequirements:
            return "requirements";
        case Stage::kName:
            return "name";
        case Stage::kFound:
            return "found";
        case Stage::kPolicy:
            return "policy";
        case Stage::kLibrary:
            return "library";
        case Stage::kNegotiation:
            return "negotiation";
        case Stage::kOperations:
            return "operations";
        case Stage::kCreate:
            return "create";
        case Stage::kDevices:
            return "devices";
        case Stage::kReady:
            return "ready";
    }
    return "?";
}

}  // namespace skep
