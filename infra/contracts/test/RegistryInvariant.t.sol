// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Authorization} from "../Authorization.sol";
import {IRegistry} from "../IRegistry.sol";
import {Invariant} from "./Invariant.sol";
import {World} from "./World.sol";

/// @dev Two proposals of two people, taken any way through the record.
contract RegistryHandler is World {
    uint256 public constant PROPOSALS = 2;
    uint256 private constant PLEDGER = 0xB0B;
    uint256 private constant DISPUTER = 0xD15;

    uint256 public bondsIn;
    uint256 public disputesIn;
    uint256 public disputesOut; // returned or slashed
    uint256 public pledgedIn;
    uint256 public pledgesOut; // refunded
    uint256 public pledgesReleased;
    uint256 public slashed; // bonds and dispute bonds
    uint256 public disputesSlashed;
    uint256 private _salts;

    constructor() {
        setUp();
    }

    function world() external view returns (IRegistry, IERC20) {
        return (registry, token);
    }

    function id(uint256 which) public pure returns (bytes32) {
        return bytes32(1 + (which % PROPOSALS));
    }

    function proposer(uint256 which) public pure returns (address) {
        return vm.addr(_key(which));
    }

    function _key(uint256 which) private pure returns (uint256) {
        return 0xA00 + (which % PROPOSALS);
    }

    function treasury() external view returns (uint256) {
        return token.balanceOf(TREASURY);
    }

    function disputeBond() external pure returns (uint256) {
        return LEAST_BOND;
    }

    function _is(uint256 which, IRegistry.Status wanted) private view returns (bool) {
        return registry.statusOf(id(which)) == wanted;
    }

    function _open(uint256 which) private view returns (bool) {
        return _is(which, IRegistry.Status.Passed) || _is(which, IRegistry.Status.Released);
    }

    function propose(uint256 which) external {
        if (!_is(which, IRegistry.Status.None)) return;
        _propose(_key(which), id(which));
        bondsIn += BOND;
    }

    function pass(uint256 time, bool long) external {
        vm.warp(block.timestamp + (long ? time % (TERM / 4) : time % (2 * WINDOW)));
    }

    function pledge(uint256 which, uint64 units) external {
        bool open = _is(which, IRegistry.Status.Proposed) || _is(which, IRegistry.Status.Polled);
        if (!open && !_is(which, IRegistry.Status.Passed)) return;
        units %= 100e6;
        _pledge(PLEDGER, id(which), units, bytes32(++_salts));
        pledgedIn += units;
    }

    function refund(uint256 which) external {
        bool ended = _is(which, IRegistry.Status.Rejected) || _is(which, IRegistry.Status.Expired);
        uint64 units = registry.pledgeOf(id(which), vm.addr(PLEDGER));
        if ((!ended && !_is(which, IRegistry.Status.Slashed)) || units == 0) return;
        registry.refundPledge(id(which), vm.addr(PLEDGER));
        pledgesOut += units;
    }

    function poll(uint256 which, bool passed) external {
        if (_is(which, IRegistry.Status.Proposed)) _poll(id(which), passed);
    }

    function dispute(uint256 which) external {
        IRegistry.Proposal memory p = registry.proposal(id(which));
        if (!_is(which, IRegistry.Status.Polled) || p.disputed) return;
        bytes32 evidence = bytes32(++_salts);
        bytes32 nonce = keccak256(abi.encode(registry.DISPUTE(), id(which), p.pollHash, evidence));
        _mint(vm.addr(DISPUTER), LEAST_BOND);
        Authorization memory a = _sign(DISPUTER, address(registry), LEAST_BOND, nonce);
        registry.disputePoll(id(which), vm.addr(DISPUTER), evidence, a);
        disputesIn += LEAST_BOND;
    }

    function resolve(uint256 which, bool upheld) external {
        if (!registry.proposal(id(which)).disputed || !_is(which, IRegistry.Status.Polled)) return;
        vm.prank(ARBITER);
        registry.resolvePoll(id(which), upheld, "finding");
        disputesOut += LEAST_BOND;
        if (upheld) return;
        slashed += LEAST_BOND;
        disputesSlashed += LEAST_BOND;
    }

    function snapshot(uint256 which) external {
        if (!_open(which)) return;
        vm.prank(OPERATOR);
        registry.anchorSnapshot(id(which), "root", 1);
    }

    function adapter(uint256 which) external {
        if (!_open(which) || !registry.hasSnapshot(id(which), "root")) return;
        vm.prank(OPERATOR);
        registry.commitAdapter(id(which), "base", "adapter", "root", "evaluation");
    }

    function release(uint256 which) external {
        IRegistry.Proposal memory p = registry.proposal(id(which));
        if (!_open(which) || !registry.hasAdapter(id(which), "adapter") || p.slashableAt != 0) return;
        vm.prank(OPERATOR);
        registry.release(id(which), p.releases + 1, "adapter", "release");
        pledgesReleased += p.pledged;
    }

    function close(uint256 which) external {
        IRegistry.Proposal memory p = registry.proposal(id(which));
        IRegistry.Status status = registry.statusOf(id(which));
        if (status != IRegistry.Status.Rejected && status != IRegistry.Status.Expired) return;
        if (p.status == status || p.slashableAt != 0) return;
        registry.close(id(which));
        if (p.disputed) disputesOut += LEAST_BOND;
    }

    function accuse(uint256 which) external {
        IRegistry.Proposal memory p = registry.proposal(id(which));
        if (p.status == IRegistry.Status.None || p.bondPaid == p.bond || p.slashableAt != 0) return;
        vm.prank(ARBITER);
        registry.accuse(id(which), IRegistry.Fault.Spam, "evidence");
    }

    function object(uint256 which) external {
        if (registry.proposal(id(which)).slashableAt == 0) return;
        vm.prank(GUARDIAN);
        registry.dropAccusation(id(which), "finding");
    }

    function slash(uint256 which) external {
        IRegistry.Proposal memory p = registry.proposal(id(which));
        if (p.slashableAt == 0 || block.timestamp < p.slashableAt) return;
        vm.prank(ARBITER);
        registry.slash(id(which));
        slashed += p.bond - p.bondPaid;
        if (p.disputed) disputesOut += LEAST_BOND;
    }
}

contract RegistryInvariantTest is Invariant {
    RegistryHandler private _handler;
    IRegistry private _registry;
    IERC20 private _token;

    function setUp() public {
        _handler = new RegistryHandler();
        (_registry, _token) = _handler.world();
    }

    function targetContracts() external view returns (address[] memory only) {
        only = new address[](1);
        only[0] = address(_handler);
    }

    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        bytes4[] memory selectors = new bytes4[](14);
        selectors[0] = RegistryHandler.propose.selector;
        selectors[1] = RegistryHandler.pass.selector;
        selectors[2] = RegistryHandler.pledge.selector;
        selectors[3] = RegistryHandler.refund.selector;
        selectors[4] = RegistryHandler.poll.selector;
        selectors[5] = RegistryHandler.dispute.selector;
        selectors[6] = RegistryHandler.resolve.selector;
        selectors[7] = RegistryHandler.snapshot.selector;
        selectors[8] = RegistryHandler.adapter.selector;
        selectors[9] = RegistryHandler.release.selector;
        selectors[10] = RegistryHandler.close.selector;
        selectors[11] = RegistryHandler.accuse.selector;
        selectors[12] = RegistryHandler.object.selector;
        selectors[13] = RegistryHandler.slash.selector;
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(_handler), selectors);
    }

    function _bonds() private view returns (uint256 held, uint256 disputes, uint256 pledges, uint256 returned) {
        for (uint256 i = 0; i < _handler.PROPOSALS(); ++i) {
            IRegistry.Proposal memory p = _registry.proposal(_handler.id(i));
            held += p.bond - p.bondPaid;
            pledges += p.pledged;
            if (p.disputed) disputes += _handler.disputeBond();
            returned += _token.balanceOf(_handler.proposer(i));
        }
    }

    function invariant_bondsInAreBondsReturnedSlashedAndHeld() public view {
        (uint256 held, uint256 disputes,, uint256 returned) = _bonds();
        _holds(_handler.bondsIn() + _handler.disputesSlashed() == returned + _handler.slashed() + held);
        _holds(_handler.disputesIn() == _handler.disputesOut() + disputes);
    }

    function invariant_theRegistryHoldsExactlyWhatItOwes() public view {
        (uint256 held, uint256 disputes, uint256 pledges,) = _bonds();
        _holds(_token.balanceOf(address(_registry)) == held + disputes + pledges);
    }

    function invariant_everyPledgeIsReleasedRefundedOrHeld() public view {
        (,, uint256 pledges,) = _bonds();
        _holds(_handler.pledgedIn() == _handler.pledgesOut() + _handler.pledgesReleased() + pledges);
        _holds(_handler.treasury() == _handler.pledgesReleased() + _handler.slashed());
    }

    function invariant_aLostVoteNeverCostsABond() public view {
        for (uint256 i = 0; i < _handler.PROPOSALS(); ++i) {
            IRegistry.Proposal memory p = _registry.proposal(_handler.id(i));
            if (p.status == IRegistry.Status.Rejected) _holds(_token.balanceOf(_handler.proposer(i)) == p.bond);
        }
    }
}
