// SPDX-License-Identifier: MIT

package skep

// #include "shim.h"
import "C"

import "unsafe"

// Capability is what a device can do beyond the required operations.
type Capability uint64

// Capabilities of devices.
const (
	CanRangeSearch        Capability = C.SKEP_CAPABILITY_RANGE_SEARCH
	CanGraph              Capability = C.SKEP_CAPABILITY_GRAPH
	CanTransferGraphs     Capability = C.SKEP_CAPABILITY_GRAPH_TRANSFER
	CanTakeDeviceMatrices Capability = C.SKEP_CAPABILITY_DEVICE_MATRICES
	CanAdoptRows          Capability = C.SKEP_CAPABILITY_ADOPT_ROWS
	CanWarmUp             Capability = C.SKEP_CAPABILITY_WARM_UP
	CanTellMemory         Capability = C.SKEP_CAPABILITY_MEMORY_STATS
	CanSearchConcurrently Capability = C.SKEP_CAPABILITY_CONCURRENT_SEARCH
)

// DeviceInfo is what there is to know about a device. Empty texts and zeros mean "does not apply".
type DeviceInfo struct {
	ID                string // what to pass as device: "cpu", "cuda:0"
	Backend           string
	Ordinal           int
	Name              string // the product: "NVIDIA H200"
	ISA               string // the code path in use
	UUID              string
	PCIBusID          string
	DriverVersion     string
	ComputeCapability string
	MaxDim            uint32
	MaxK              uint64
	MaxBatch          uint64
	TotalMemoryBytes  uint64
	FreeMemoryBytes   uint64 // a reading of that moment
	NumComputeUnits   uint32
	Capabilities      Capability // bits
	supportedDtypes   [C.SKEP_NUM_METRICS]uint32
}

// Has tells whether the device can do this.
func (info DeviceInfo) Has(capability Capability) bool { return info.Capabilities&capability != 0 }

// Supports tells whether collections of this metric and element type can live there.
func (info DeviceInfo) Supports(metric Metric, dtype Dtype) bool {
	return metric >= 0 && int(metric) < len(info.supportedDtypes) && info.supportedDtypes[metric]>>uint32(dtype)&1 != 0
}

// BackendState is what became of a candidate backend so far.
type BackendState int32

// States of candidate backends.
const (
	BackendFound   BackendState = C.SKEP_BACKEND_FOUND   // its manifest is good; nothing was loaded yet
	BackendLoaded  BackendState = C.SKEP_BACKEND_LOADED  // open and asked for its devices
	BackendRefused BackendState = C.SKEP_BACKEND_REFUSED // not usable: see Reason
)

// BackendInfo is one candidate backend.
type BackendInfo struct {
	Name         string
	Version      string
	State        BackendState
	Reason       Status // 0 where all is well
	Message      string
	Origin       string
	ManifestPath string
	LibraryPath  string
	IsBuiltin    bool
	NumDevices   int
}

func deviceInfoOf(plain *C.skep_device_info) DeviceInfo {
	info := DeviceInfo{
		ID:                C.GoString(&plain.id[0]),
		Backend:           C.GoString(&plain.backend[0]),
		Ordinal:           int(plain.ordinal),
		Name:              C.GoString(&plain.name[0]),
		ISA:               C.GoString(&plain.isa[0]),
		UUID:              C.GoString(&plain.uuid[0]),
		PCIBusID:          C.GoString(&plain.pci_bus_id[0]),
		DriverVersion:     C.GoString(&plain.driver_version[0]),
		ComputeCapability: C.GoString(&plain.compute_capability[0]),
		MaxDim:            uint32(plain.max_dim),
		MaxK:              uint64(plain.max_k),
		MaxBatch:          uint64(plain.max_batch),
		TotalMemoryBytes:  uint64(plain.total_memory_bytes),
		FreeMemoryBytes:   uint64(plain.free_memory_bytes),
		NumComputeUnits:   uint32(plain.num_compute_units),
		Capabilities:      Capability(plain.capabilities),
	}
	for metric := range info.supportedDtypes {
		info.supportedDtypes[metric] = uint32(plain.supported_dtypes[metric])
	}
	return info
}

func backendInfoOf(plain *C.skep_backend_info) BackendInfo {
	return BackendInfo{
		Name:         C.GoString(&plain.name[0]),
		Version:      C.GoString(&plain.version[0]),
		State:        BackendState(plain.state),
		Reason:       Status(plain.reason),
		Message:      C.GoString(&plain.message[0]),
		Origin:       C.GoString(&plain.origin[0]),
		ManifestPath: C.GoString(&plain.manifest_path[0]),
		LibraryPath:  C.GoString(&plain.library_path[0]),
		IsBuiltin:    plain.is_builtin != 0,
		NumDevices:   int(plain.num_devices),
	}
}

// readDevice fills a device info by a call that takes it.
func readDevice(call func(*C.skep_device_info, *C.skep_error) C.skep_status) (DeviceInfo, error) {
	var plain C.skep_device_info
	plain.struct_size = C.uint32_t(unsafe.Sizeof(plain))
	if err := check(func(e *C.skep_error) C.skep_status { return call(&plain, e) }); err != nil {
		return DeviceInfo{}, err
	}
	return deviceInfoOf(&plain), nil
}
